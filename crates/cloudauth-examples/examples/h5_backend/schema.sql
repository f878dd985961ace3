-- Names and ID numbers are stored only as a keyed hash. Times are Unix times in seconds.
create table if not exists verification (
    order_no      text   primary key,
    visit         text   not null unique,       -- hash of the browser's cookie: one verification per visit
    person        text   not null,              -- keyed hash of name and ID number
    state         text   not null,
    certify_id    text   unique,
    origin        text   not null default '',   -- the endpoint that opened it
    page          text   not null default '',   -- CertifyUrl, until there is a verdict
    sub_code      text   not null default '',   -- SubCode of the verdict, or Code of a refusal to open it
    deleted       bigint not null default 0,    -- 1: the service has deleted pictures and videos
    opened        bigint not null,
    claim         text   not null default '',   -- ID of the current or last claim
    claimed_until bigint not null default 0
);
create index if not exists verification_due on verification (state, opened);
-- Callbacks and redirects of a verification, each kind and code once.
create table if not exists event (
    order_no text   not null,
    kind     text   not null,
    code     text   not null,
    at       bigint not null,
    primary key (order_no, kind, code)
);

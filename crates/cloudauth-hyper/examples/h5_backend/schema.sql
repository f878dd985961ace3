-- No name and no number stands here in clear. Times are seconds since 1970.
create table if not exists verification (
    order_no      text   primary key,
    visit         text   not null unique,       -- hash of the browser's cookie: a visit opens one verification
    person        text   not null,              -- hash under the backend's key
    state         text   not null,
    certify_id    text   unique,
    home          text   not null default '',   -- the endpoint that opened it
    page          text   not null default '',   -- CertifyUrl, until there is a verdict
    sub_code      text   not null default '',
    erased        bigint not null default 0,    -- 1: the service was told to forget pictures and videos
    opened        bigint not null,
    claim         text   not null default '',   -- who deals with it
    claimed_until bigint not null default 0
);
create index if not exists verification_due on verification (state, opened);
-- What came from outside about a verification, each once.
create table if not exists hint (
    order_no text   not null,
    kind     text   not null,
    said     text   not null,
    at       bigint not null,
    primary key (order_no, kind, said)
);

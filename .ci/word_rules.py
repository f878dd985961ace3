"""The table of words of CONTRIBUTING.md, for `.ci/words`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """The word for an idea, and words that are not used for it.

    All but `say` and `only` are regular expressions for whole words.
    """

    # What to say instead.
    say: str
    # In any kind of name, which is split into lower-case words: `NoReply` is "no reply".
    names: str = ""
    # A whole name, with regard to case.
    whole: str = ""
    # A whole name of a module or a file.
    modules: str = ""
    # In prose, without regard to case.
    prose: str = ""
    # Ordinary English, in names and prose: what is found inside of it is fine.
    fine: str = ""
    # Globs of paths, with | between; the rule holds only there.
    only: str = ""


RULES = [
    # --- A request and what came of it.
    Rule("exchange", names="errands?", prose="errands?"),
    # One asks a person; a client sends a request, calls an operation or polls.
    Rule(
        "request, query, call, poll",
        names="ask(s|ed|er|ing)?",
        prose="ask(s|ed|ing)?",
        fine="ask(s|ed|ing)? (for )?((a|an|the|your) )?"
        "(person|people|user|operator|vendor|maintainers?|somebody|someone|you|me|us)",
    ),
    Rule(
        "request, query",
        names="questions?",
        prose="questions?",
        fine="in question|out of the question|open questions?|questions? and answers?",
    ),
    # One thing is told apart, or from another.
    Rule("recorded, reported, given", names="told", prose="told", fine="told (apart|from)"),
    # Attempts have an outcome, and codes occur. Goals and conditions are met.
    Rule(
        "outcome (of an attempt), occurs (a code)",
        names="met",
        prose="met",
        fine="(goals?|conditions?|requirements?|limits?|deadlines?)( (is|are|was|were|be))?( not)? met"
        "|is met",
    ),
    # --- HTTP. The typed result of an operation is a `Reply<T>`; nothing is an answer. Test vectors
    # are known answers everywhere, and a telephone is answered.
    Rule(
        "response (HTTP), reply (typed result)",
        names="(un)?answer(s|ed|er|ing|able)?",
        prose="(un)?answer(s|ed|ing|able)?",
        fine="known answers?|questions? and answers?|(phone|telephone)s?( call)? .{0,20}answer(s|ed)?"
        "|answer(s|ed|ing)? (the|a) (phone|telephone|call)",
    ),
    # A reply has a value; what has a status, headers, a body and bytes is a response.
    Rule(
        "response",
        names="no reply|http repl(y|ies)|repl(y|ies) (body|bodies|heads?|headers?|status)",
        prose="(HTTP|no|no whole|raw) repl(y|ies)"
        "|repl(y|ies)('s?)? (body|bodies|heads?|headers?|status|bytes)"
        "|(body|bodies|heads?|headers?|status|bytes) of ((a|an|the|each|every|its|all) )?repl(y|ies)",
    ),
    # --- The retry rule. Things are out of order in a sequence; a service has a server error.
    Rule(
        "Classification and its variants",
        names="out of order|not at home",
        whole="Endings?",
        modules="endings?",
        prose="(is|are|was|were|be) out of order|not at home",
    ),
    # The verdict is the person's.
    Rule("RetryDecision", names="verdicts?", prose="verdicts?", only="*/policy/*|*/policy.rs"),
    # `Open` alone may be a circuit breaker's, and `Set` much else.
    Rule(
        "Effect::{ReadOnly, Idempotent, OpensVerification, NotIdempotent}",
        prose="(?-i:`Effect::(Query|Set|Open|Once)`|`(Query|Once)`)",
    ),
    Rule("Delivery::{NotSent, MaybeSent}", whole="Sent"),
    Rule("backoff", names="pauses?|paused|pausing", prose="pauses?|paused|pausing"),
    # --- Policy. The rest of something is fine, and so is what rests on something.
    Rule(
        "closed, open, half-open",
        names="rests|rested|resting",
        prose=r"rests|rested|resting|(makes?|made|lets?) \w+ rest",
        fine="rest(s|ed|ing) (up)?on",
    ),
    Rule("closed, open, half-open", names="rest", only="*breaker*"),
    Rule(
        "record_failure, record_success",
        names="struck|strikes?|heal(s|ed|ing)?",
        prose="struck|strikes?|heal(s|ed|ing)?",
    ),
    # Operations are paid for; retries are withdrawn from their budget.
    Rule("deposit, withdraw", names="pays?|paid", only="*budget*"),
    Rule(
        "deposit, withdraw",
        prose=r"pa(y|ys|id|ying)( \w+){0,4} budget|budget( \w+){0,3} pa(y|ys|id)",
    ),
    Rule("reserve, release", names="place", only="*/policy/rate*|*/policy/budget*"),
    # --- Endpoints and credentials. A person has a home folder.
    Rule(
        "origin",
        names="home|came from",
        prose="home|came_from",
        fine="home (director(y|ies)|folders?|dir|path|page|screen)|no such home|(?-i:HOME)",
    ),
    Rule("CredentialCache", names="keyrings?", prose="keyrings?"),
    Rule("source of credentials", names="givers?", prose="givers?"),
    Rule("ResolvedCredentials", whole="Found"),
    Rule(
        "SkippedSource, skipped",
        names="pass(es|ed)? over",
        prose="pass(es|ed|ing)? (it |them )?over",
    ),
    # --- A call. "This machine" is a computer, and "state machine" a term. Functions may send, read
    # and judge; modules are not called after that.
    Rule(
        "call::state",
        names="machines?",
        prose="(call|operation|flow|client)'?s machine",
        fine="state machines?|(this|other|another|the|any|local) machines?",
    ),
    Rule(
        "call::{send, receive, classify}",
        whole="Judging|Sending|Reading",
        modules="judging|sending|reading",
    ),
    # --- A verification.
    Rule(
        "Callback",
        names="notices?",
        prose="(a|the|this|that|each|every|of) notice|notices",
        fine="notice period|copyright notice|takes? notice",
    ),
    Rule("Redirect", whole="(Bad)?Returned", modules="returned"),
    # A channel of tokio's is called so.
    Rule(
        "poll (PollVerdict), observer",
        names="watch(es|ed|er|ers|ing)?",
        prose="watch(es|ed|er|ers|ing)?",
        fine="sync::watch|watch channels?|watch out",
    ),
    # A sealed trait is a term of Rust.
    Rule(
        "encrypt (sm2::encrypt)",
        names="(un)?seal(s|ed|er|ing)?",
        prose="(un)?seal(s|ed|ing)?",
        fine="^sealed$|sealed traits?|traits? (is|are) sealed",
    ),
    # To leave is fine; the leave to do something is a permission.
    Rule(
        "UploadGrant, permission",
        whole="Leave",
        prose="leave to (post|upload|send|put|write)|(has|have|had|gives?|gave|given|the) leave",
    ),
    Rule("UploadGrant, permission", names="leaves?", only="*/upload/*|*/store.rs"),
    # `http` has a type of this name, which other crates may mention.
    Rule("Options", whole="Parts", only="crates/cloudauth-net/*"),
    # --- The simulator.
    Rule("link, impairment", names="weathers?", prose="weathers?"),
    Rule("impairment", names="troubles?", prose="troubles?"),
    Rule("schedule", names="forecasts?", prose="forecasts?"),
    Rule("credential services", names="offices?", prose="offices?"),
    Rule("html, i18n, listener", modules="looks|words|gate"),
    # --- IDs and strings.
    Rule(
        "ID, in capitals",
        prose="(?-i:(request|access key|exchange|order|scene|certify|attempt|call|key) ids?"
        "|id numbers?|ids? of)",
    ),
    Rule("ID", prose="names? for the (request|exchange|order|verification|key)s?"),
    # The text of an error is fine; a countable text is a string.
    Rule(
        "string",
        prose="texts|(a|an|one|each|every|another|(must|may|can) be) text",
        fine="(a|an|one|each|every|another) text (file|editor|field|node|box|block|format)s?",
    ),
]

//! What an operation is. `table` makes them.

mod table;
mod value;

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::DeserializeOwned;

use crate::endpoint::Endpoint;
use crate::error::Problem;
use crate::policy::Effect;
use crate::reply::Shape;
use crate::wire::http::Method;
use crate::wire::pairs::PlainName;
use crate::wire::params::{Params, Place};

pub(crate) use table::{
    Row, check, encode, field, operations, read_field, show, show_field, unread,
};
pub use value::Json;
pub(crate) use value::Value;

/// Something that the service can be asked to do.
///
/// The tables in [`ops`](crate::ops) implement it; for an operation that is not there, there is
/// [`Raw`](crate::ops::Raw), or an implementation of one's own.
pub trait Operation {
    /// What it answers.
    type Response: DeserializeOwned + Send;

    /// Its name, and how it is asked for.
    fn terms(&self) -> Terms;

    /// The endpoint that knows what is asked about; it is asked first.
    fn home(&self) -> Option<&Endpoint> {
        None
    }

    /// Notes in a response which endpoint gave it.
    fn came_from(response: &mut Self::Response, endpoint: &Endpoint) {
        let _ = (response, endpoint);
    }

    /// Finds every field that is missing or malformed.
    fn check(&self) -> Vec<Problem>;

    /// Writes its parameters.
    fn encode(&self, params: &mut Params);
}

/// The name of an operation, and how it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Terms {
    /// Its name.
    pub action: Cow<'static, str>,
    /// The version of the API that has it.
    pub version: Cow<'static, str>,
    /// How it is asked for.
    pub method: Method,
    /// What doing it twice would do: this decides what is sent again.
    pub effect: Effect,
    /// The field of the reply that is the response; `None` if the whole reply is.
    pub payload: Option<&'static str>,
    /// Whether a `Code` that is not one of success is a refusal.
    pub is_judged_by_code: bool,
    /// The codes that an endpoint answers if it does not know what is asked about, or not yet. They
    /// settle nothing while the endpoint that must know, [`home`](Operation::home), has not
    /// answered.
    pub unknown_codes: &'static [&'static str],
    /// The operation that tells whether this one was carried out.
    pub settled_by: Option<&'static str>,
}

impl Terms {
    /// An operation of the product's own API that is posted and answers in `ResultObject`.
    #[must_use]
    pub const fn new(action: Cow<'static, str>, effect: Effect) -> Self {
        Self {
            action,
            version: Cow::Borrowed(VERSION),
            method: Method::Post,
            effect,
            payload: Some("ResultObject"),
            is_judged_by_code: true,
            unknown_codes: &[],
            settled_by: None,
        }
    }
}

/// The version of the API that the tables are of.
const VERSION: &str = "2019-03-07";

/// What the table says of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// Its name.
    pub action: &'static str,
    /// The version of the API that has it.
    pub version: &'static str,
    /// How it is asked for.
    pub method: Method,
    /// What doing it twice would do.
    pub effect: Effect,
    /// Its fields: those that [`new`] takes, then the others.
    ///
    /// [`new`]: crate::ops::DescribeFaceVerify::new
    pub fields: &'static [Field],
    /// The field of the reply that is the response; `None` if the whole reply is.
    pub payload: Option<&'static str>,
    /// Whether a `Code` that is not one of success is a refusal.
    pub is_judged_by_code: bool,
    /// The codes that settle nothing away from [`home`](Operation::home).
    pub unknown_codes: &'static [&'static str],
    /// The operation that tells whether this one was carried out.
    pub settled_by: Option<&'static str>,
    /// What its response looks like.
    pub response: Shape,
}

impl Info {
    pub(crate) const fn new(
        action: &'static str,
        effect: Effect,
        fields: &'static [Field],
        response: Shape,
    ) -> Self {
        Self {
            action,
            version: VERSION,
            method: Method::Post,
            effect,
            fields,
            payload: Some("ResultObject"),
            is_judged_by_code: true,
            unknown_codes: &[],
            settled_by: None,
            response,
        }
    }

    pub(crate) fn terms(&self) -> Terms {
        Terms {
            version: Cow::Borrowed(self.version),
            method: self.method,
            payload: self.payload,
            is_judged_by_code: self.is_judged_by_code,
            unknown_codes: self.unknown_codes,
            settled_by: self.settled_by,
            ..Terms::new(Cow::Borrowed(self.action), self.effect)
        }
    }
}

/// What the table says of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Field {
    /// Its name on the wire.
    pub name: &'static str,
    /// Where it travels under ACS3.
    pub place: Place,
    /// What it holds.
    pub kind: Kind,
    /// The most characters it may have, where that is documented.
    pub max: Option<usize>,
    /// Whether it is always needed.
    pub required: bool,
    pub(crate) plain_name: PlainName,
}

/// What a field of an operation holds. All of it travels as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Text.
    Text,
    /// Text that identifies a person or opens a door to one.
    Sensitive,
    /// An integer of 32 bits.
    Int32,
    /// An integer of 64 bits.
    Int64,
    /// `true` or `false`.
    Boolean,
    /// A list or an object, as compact JSON.
    Json,
}

/// An operation of the tables.
///
/// With [`ops::visit`](crate::ops::visit) one function can do something with each of them.
pub trait Listed: Operation<Response: fmt::Debug> + fmt::Debug + Clone + Sized {
    /// What the table says of it.
    const INFO: Info;

    /// Puts it together from texts as they travel. Nothing is asked for twice; a field without a
    /// text is left out. One that is always needed and is not there, or has a text that it cannot
    /// hold, is a problem.
    fn from_texts(text: impl FnMut(&'static Field) -> Option<String>)
    -> Result<Self, Vec<Problem>>;
}

//! Operations that list entries, a page at a time.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::ops::ControlFlow::{Break, Continue};

use crate::call::{Call, Reply};
use crate::clock::Now;
use crate::error::{DecodeError, DecodeErrorKind, Error};
use crate::exchange::ExchangeId;
use crate::flow::{Flow, Step};
use crate::http::{Failure, Response};
use crate::operation::Operation;
use crate::ops::{
    DescribeDeviceInfo, DescribeInfoCheckExportRecord, DescribeListFaceVerifyInfos,
    DescribeMetaSearchPageList, DescribeMetaStatisticsPageList, DescribePageFaceVerifyData,
    DescribeSmartStatisticsPageList, DescribeVerifySearchPageList, DescribeWhitelistSetting,
    DeviceInfoList, PageQueryWhiteListSetting, QueryVerifyInvokeSatistic,
};
use crate::policy::CallOptions;
use crate::session::Session;

/// An operation with a page number and a page size.
///
/// Implemented by [`DescribeDeviceInfo`], [`DescribeInfoCheckExportRecord`],
/// [`DescribeListFaceVerifyInfos`], [`DescribeMetaSearchPageList`], [`DescribeMetaStatisticsPageList`],
/// [`DescribePageFaceVerifyData`], [`DescribeSmartStatisticsPageList`], [`DescribeVerifySearchPageList`],
/// [`DescribeWhitelistSetting`], [`PageQueryWhiteListSetting`] and [`QueryVerifyInvokeSatistic`].
pub trait Paged: Operation<Response: Clone + PartialEq> + Clone {
    /// The number of the page, if it is set; the first page has 1.
    fn page(&self) -> Option<u32>;

    /// Sets the number of the page.
    fn set_page(&mut self, number: u32);

    /// How many entries a page has, if that is set.
    fn page_size(&self) -> Option<u32>;

    /// What a reply says about its page.
    fn counts(response: &Self::Response) -> PageCounts;
}

/// What a reply says about its page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "implementations of `Paged` construct it"
)]
pub struct PageCounts {
    /// Entries in the reply.
    pub entries: usize,
    /// Entries on all pages.
    pub total_entries: Option<u64>,
    /// Number of pages.
    pub total_pages: Option<u64>,
}

/// A [`Flow`] for each page of a list: run it again and again, until its output is `None`.
///
/// ```
/// use cloudauth_proto::ops::DescribeVerifySearchPageList;
/// use cloudauth_proto::pages::Pages;
///
/// let records = DescribeVerifySearchPageList::new().page_size("50");
/// let mut pages = Pages::new(records);
/// // while let Some(page) = client.run(&mut pages)? { for record in page.value.items { ... } }
/// ```
///
/// Drivers have `Client::pages`, an iterator or a stream of them. It begins with the operation's own page, or
/// with the first. The end is where the reply's count of entries or pages says; for want of both, after a
/// page that is not full. Entries that are added or removed meanwhile may be listed twice or not at all.
///
/// # Errors
///
/// After an error of a call, the same page is next. A page that is the same as the one before it, though the
/// list should go on, is [`Error::Decode`] with [`DecodeErrorKind::RepeatedPage`], and ends the list.
pub struct Pages<O: Paged> {
    operation: O,
    options: CallOptions,
    call: Option<Box<Call<O>>>,
    /// The number of the next page; none after the last.
    next: Option<u32>,
    /// Entries of the pages so far.
    seen: u64,
    previous: Option<O::Response>,
}

impl<O: Paged> Pages<O> {
    /// Lists the pages of this operation.
    #[must_use]
    pub fn new(operation: O) -> Self {
        Self::with(operation, CallOptions::new())
    }

    /// Lists the pages of this operation, each call with these options.
    #[must_use]
    pub fn with(operation: O, options: CallOptions) -> Self {
        let first = operation.page().unwrap_or(1);
        let before = u64::from(first.saturating_sub(1));
        let size = u64::from(operation.page_size().unwrap_or_default());
        Self {
            operation,
            options,
            call: None,
            next: Some(first),
            seen: before.saturating_mul(size),
            previous: None,
        }
    }

    /// The call for the next page; none after the last.
    fn call(&mut self) -> Option<Result<&mut Box<Call<O>>, Error>> {
        let page = self.next?;
        if self.call.is_none() {
            self.operation.set_page(page);
            match Call::new(&self.operation, self.options.clone()) {
                Ok(call) => self.call = Some(Box::new(call)),
                Err(error) => {
                    self.next = None;
                    return Some(Err(error));
                }
            }
        }
        self.call.as_mut().map(Ok)
    }

    /// Takes the page into account.
    fn received(
        &mut self,
        page: u32,
        reply: Reply<O::Response>,
    ) -> Result<Reply<O::Response>, Error> {
        let counts = O::counts(&reply.value);
        if counts.entries > 0 && self.previous.as_ref() == Some(&reply.value) {
            self.next = None;
            return Err(Error::Decode(Box::new(DecodeError {
                action: self.operation.metadata().action,
                status: 200,
                kind: DecodeErrorKind::RepeatedPage,
                uncertain: false,
                raw: reply.raw,
                attempts: reply.attempts,
            })));
        }
        self.seen = self.seen.saturating_add(counts.entries as u64);
        let is_last = match counts {
            PageCounts { entries: 0, .. } => true,
            PageCounts {
                total_entries: Some(total),
                ..
            } => self.seen >= total,
            PageCounts {
                total_pages: Some(total),
                ..
            } => u64::from(page) >= total,
            PageCounts { entries, .. } => {
                let size = self.operation.page_size();
                size.is_none_or(|size| (entries as u64) < u64::from(size))
            }
        };
        self.next = page.checked_add(1).filter(|_| !is_last);
        self.previous = Some(reply.value.clone());
        Ok(reply)
    }
}

impl<O: Paged> Flow for Pages<O> {
    type Output = Option<Reply<O::Response>>;

    fn poll(&mut self, session: &mut Session, now: Now) -> Step<Self::Output> {
        let page = self.next.unwrap_or_default();
        let call = match self.call() {
            Some(Ok(call)) => call,
            Some(Err(error)) => return Step::Done(Err(error)),
            None => return Step::Done(Ok(None)),
        };
        match call.poll(session, now).or_done() {
            Continue(step) => step,
            Break(result) => {
                self.call = None;
                let reply = result.and_then(|reply| self.received(page, reply));
                Step::Done(reply.map(Some))
            }
        }
    }

    fn report(
        &mut self,
        session: &mut Session,
        id: ExchangeId,
        result: Result<Response, Failure>,
        now: Now,
    ) {
        if let Some(call) = &mut self.call {
            call.report(session, id, result, now);
        }
    }
}

impl<O: Paged> fmt::Debug for Pages<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("action", &self.operation.metadata().action)
            .field("next", &self.next)
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}

/// A number of a page, as a field of an operation has it.
trait PageNumber: Sized {
    fn number(&self) -> Option<u32>;
    fn of(number: u32) -> Self;
}

impl PageNumber for i32 {
    fn number(&self) -> Option<u32> {
        u32::try_from(*self).ok()
    }

    fn of(number: u32) -> Self {
        Self::try_from(number).unwrap_or(Self::MAX)
    }
}

impl PageNumber for i64 {
    fn number(&self) -> Option<u32> {
        u32::try_from(*self).ok()
    }

    fn of(number: u32) -> Self {
        number.into()
    }
}

impl PageNumber for String {
    fn number(&self) -> Option<u32> {
        self.parse().ok()
    }

    fn of(number: u32) -> Self {
        number.to_string()
    }
}

/// A count, as a reply has it.
trait Count {
    fn count(&self) -> Option<u64>;
}

impl Count for Option<i64> {
    fn count(&self) -> Option<u64> {
        self.and_then(|count| u64::try_from(count).ok())
    }
}

impl Count for Option<String> {
    fn count(&self) -> Option<u64> {
        self.as_ref()?.parse().ok()
    }
}

/// Implements [`Paged`] from a table: the field of the page number, the list of a reply, and its counts of
/// entries and pages.
macro_rules! paged {
    ($($operation:ident: $page:ident, $list:ident, $total:ident $(, $pages:ident)?;)*) => {
        #[cfg(test)]
        const PAGED: &[&str] = &[$(stringify!($operation)),*];

        $(
        impl Paged for $operation {
            fn page(&self) -> Option<u32> {
                self.$page.as_ref().and_then(PageNumber::number)
            }

            fn set_page(&mut self, number: u32) {
                self.$page = Some(PageNumber::of(number));
            }

            fn page_size(&self) -> Option<u32> {
                self.page_size.as_ref().and_then(PageNumber::number)
            }

            fn counts(response: &Self::Response) -> PageCounts {
                PageCounts {
                    entries: List::len(&response.$list),
                    total_entries: response.$total.count(),
                    total_pages: None $(.or(response.$pages.count()))?,
                }
            }
        }
    )*};
}

/// The entries of a reply.
trait List {
    fn len(&self) -> usize;
}

impl<T> List for Vec<T> {
    fn len(&self) -> usize {
        Self::len(self)
    }
}

impl List for Option<DeviceInfoList> {
    fn len(&self) -> usize {
        self.as_ref().map_or(0, |list| list.device_info.len())
    }
}

paged! {
    DescribeDeviceInfo: current_page, device_info_list, total_count;
    DescribeInfoCheckExportRecord: current_page, items, total_count, total_page;
    DescribeListFaceVerifyInfos: page_number, face_verify_infos, total_count, total_pages;
    DescribeMetaSearchPageList: current_page, items, total_count, total_page;
    DescribeMetaStatisticsPageList: current_page, items, total_count, total_page;
    DescribePageFaceVerifyData: current_page, items, total_count, total_page;
    DescribeSmartStatisticsPageList: current_page, items, total_count, total_page;
    DescribeVerifySearchPageList: current_page, items, total_count, total_page;
    DescribeWhitelistSetting: current_page, items, total_count;
    PageQueryWhiteListSetting: current_page, result_object, total_item, total_page;
    QueryVerifyInvokeSatistic: current_page, items, total_count, total_page;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::OperationMetadata;
    use crate::ops;

    #[test]
    fn every_operation_with_a_page_number_and_a_page_size_is_paged() {
        let has = |operation: &OperationMetadata, names: &[&str]| {
            let mut fields = operation.fields.iter();
            fields.any(|field| names.contains(&field.name))
        };
        let listed = ops::ALL.iter().filter(|operation| {
            has(operation, &["CurrentPage", "PageNumber"]) && has(operation, &["PageSize"])
        });
        let mut listed: Vec<_> = listed.map(|operation| &*operation.action).collect();
        listed.sort_unstable();
        assert_eq!(listed, PAGED);
    }
}

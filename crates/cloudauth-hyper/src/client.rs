//! The client.

use core::fmt;
use core::future::poll_fn;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, ready};
use std::sync::Arc;

use cloudauth_net::{FetchError, Options, OptionsError, resolve};
use cloudauth_proto::pages::{Paged, Pages};
use cloudauth_proto::verify::FetchEvidence;
use cloudauth_proto::{Call, CallOptions, Entropy, Error, Flow, Operation, Reply, Source};
use futures_core::Stream;
use http::Uri;
use hyper::rt::{Read, Write};
use hyper_util::client::legacy::connect::Connection;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tower_service::Service;

use crate::connector::{BoxError, CustomConnector};
use crate::shared::Shared;

/// An async client for tokio, with a connection pool. Tasks can share one, by reference or by clones, which
/// are cheap and share everything.
///
/// One client can be used from several runtimes. It has a pool for each, because a connection is driven by
/// the runtime that opened it; those of the eight runtimes used last are kept.
///
/// Dropping the future of a call cancels it, and no task is left. Whether the service carries out the
/// operation is then unknown.
///
/// A refresh of the credentials is a task of its own: it goes on without the call that began it, for the
/// calls after it. There is at most one at a time. It ends by its own time limits, within two minutes, or
/// when the client and its clones are dropped; a program that it runs is then ended, too. In a runtime that nobody drives it
/// ends with the runtime.
///
/// Name look-ups, credential files and programs block, so they have threads of their own, which end with
/// them: at most four look-ups of a name, and four files and programs. The operating system cannot cancel a
/// look-up: a thread can outlive its call, and no runtime waits for it.
///
/// # HTTP/1.1 only
///
/// HTTP/2 is not offered to servers. The reasons, from the source of hyper 1.12 and hyper-util 0.1.21:
///
/// * All calls to an endpoint would share one connection. If it is reset, the outcome of every billed
///   operation in flight is unknown, not of one.
/// * "Certainly not carried out" would be known less often: `REFUSED_STREAM`, and `GOAWAY` for later
///   streams, reach a caller as errors like any other, so they would count as "maybe sent".
/// * A call that waits for a free stream already has its connection: the wait would count towards the
///   read timeout, and as "maybe sent" although nothing was.
/// * ureq has no HTTP/2, so the drivers would differ; and it adds 8 crates.
#[derive(Clone, Debug)]
pub struct Client(Arc<Handle>);

/// What a client and its clones share. Dropping it ends the refresh in progress.
#[derive(Debug)]
struct Handle(Arc<Shared>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.end_refresh();
    }
}

impl Client {
    /// Builds a client. No request is sent.
    pub fn new(options: Options) -> Result<Self, OptionsError> {
        Self::build(options, None)
    }

    /// Builds a client that connects with a connector of the caller's own: over Unix sockets, through a VPN,
    /// to a server in the same process. No request is sent.
    ///
    /// The connector is called with the URI of an endpoint, and replaces TCP and proxies. For `https` the
    /// client speaks TLS over what it returns. An error of the connector means that nothing was sent.
    pub fn with_connector<C>(options: Options, connector: C) -> Result<Self, OptionsError>
    where
        C: Service<Uri> + Clone + Send + Sync + 'static,
        C::Response: Read + Write + Connection + Send + Unpin + 'static,
        C::Error: Into<BoxError>,
        C::Future: Send,
    {
        Self::build(options, Some(&CustomConnector::new(connector)))
    }

    fn build(options: Options, custom: Option<&CustomConnector>) -> Result<Self, OptionsError> {
        let shared = Arc::new(Shared::new(options.build()?, custom));
        Ok(Self(Arc::new(Handle(shared))))
    }

    /// Calls an operation of the service.
    pub fn call<O: Operation>(
        &self,
        operation: &O,
    ) -> impl Future<Output = Result<Reply<O::Response>, Error>> + Send {
        self.call_with(operation, CallOptions::new())
    }

    /// Calls an operation of the service, with options for this call.
    pub fn call_with<O: Operation>(
        &self,
        operation: &O,
        options: CallOptions,
    ) -> impl Future<Output = Result<Reply<O::Response>, Error>> + Send {
        let mut call = Call::new(operation, options);
        async move {
            // The call and its future are large, so they are not moved.
            let call = match call {
                Ok(ref mut call) => call,
                Err(error) => return Err(error),
            };
            pin!(self.shared().drive(call)).await
        }
    }

    /// Runs a flow until it is done.
    pub async fn run<F: Flow>(&self, mut flow: F) -> Result<F::Output, Error> {
        self.shared().drive(&mut flow).await
    }

    /// Lists the entries of an operation, a page at a time. [`Pages`] says where the list ends.
    ///
    /// ```no_run
    /// # use cloudauth_hyper::{Client, Options};
    /// use cloudauth_hyper::ops::DescribeVerifySearchPageList;
    ///
    /// # async fn list() -> Result<(), Box<dyn std::error::Error>> {
    /// # let client = Client::new(Options::new())?;
    /// let records = DescribeVerifySearchPageList::new().page_size("50");
    /// let mut pages = client.pages(records);
    /// while let Some(page) = pages.next().await {
    ///     for record in page?.value.items {
    ///         println!("{:?}", record.certify_id);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn pages<O>(&self, operation: O) -> PageStream<O>
    where
        O: Paged + Send + Sync + 'static,
        O::Response: Send,
    {
        PageStream::new(self.clone(), Pages::new(operation))
    }

    /// Fetches a picture or a video of a verdict, checks it, writes it, and returns its media type.
    ///
    /// The file is written only after all of it was received and checked, so on [`FetchError::Fetch`]
    /// nothing has been written.
    pub async fn fetch(
        &self,
        fetch: FetchEvidence,
        to: &mut (impl AsyncWrite + Unpin),
    ) -> Result<&'static str, FetchError> {
        let fetched = self.run(fetch).await?;
        to.write_all(&fetched.contents).await?;
        Ok(fetched.media_type)
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.0.0
    }

    /// Replaces the credentials, or the [`Source`] that they are looked up from. Circuit breakers, limits and
    /// connections stay.
    ///
    /// Requests that are sent from now on are signed with the new ones, those of calls in progress too. What
    /// a refresh in progress finds is not used.
    pub fn set_credentials(&self, credentials: impl Into<Source>) {
        self.shared().set_credentials(resolve(credentials));
    }

    /// Returns a generator of random values, for order numbers and encryption.
    #[must_use]
    pub fn entropy(&self) -> Entropy {
        self.shared().session().entropy()
    }
}

/// A stream of the pages of a list; see [`Client::pages`].
#[must_use = "a stream is lazy"]
pub struct PageStream<O: Paged> {
    client: Client,
    /// None while a page is fetched, after the last page, and after an error.
    pages: Option<Pages<O>>,
    fetching: Option<Fetching<O>>,
}

type Page<O> = Option<Result<Reply<<O as Operation>::Response>, Error>>;
type Fetching<O> = Pin<Box<dyn Future<Output = (Pages<O>, Page<O>)> + Send>>;

impl<O: Paged + Send + Sync + 'static> PageStream<O>
where
    O::Response: Send,
{
    pub(crate) fn new(client: Client, pages: Pages<O>) -> Self {
        Self {
            client,
            pages: Some(pages),
            fetching: None,
        }
    }

    /// Fetches the next page; `None` after the last one, and after an error.
    ///
    /// Dropping the future cancels nothing: the next call goes on with the same page.
    pub async fn next(&mut self) -> Page<O> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl<O: Paged + Send + Sync + 'static> Stream for PageStream<O>
where
    O::Response: Send,
{
    type Item = Result<Reply<O::Response>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if let Some(mut pages) = this.pages.take() {
            let client = this.client.clone();
            this.fetching = Some(Box::pin(async move {
                let page = client.run(&mut pages).await.transpose();
                (pages, page)
            }));
        }
        let Some(fetching) = &mut this.fetching else {
            return Poll::Ready(None);
        };
        let (pages, page) = ready!(fetching.as_mut().poll(context));
        this.fetching = None;
        if matches!(page, Some(Ok(_))) {
            this.pages = Some(pages);
        }
        Poll::Ready(page)
    }
}

impl<O: Paged> fmt::Debug for PageStream<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageStream")
            .field("pages", &self.pages)
            .finish_non_exhaustive()
    }
}

impl<O: Paged> Unpin for PageStream<O> {}

#[cfg(test)]
mod tests {
    use cloudauth_proto::ops::InitFaceVerify;

    use super::*;

    /// Checked at compile time, for every operation and flow.
    #[test]
    fn futures_are_send_and_clients_are_sync() {
        fn spawnable(future: impl Future + Send) {
            drop(future);
        }
        fn shareable<T: Clone + Send + Sync + 'static>() {}
        fn any<O: Operation + Sync>(client: &Client, operation: &O) {
            spawnable(client.call(operation));
            spawnable(client.call_with(operation, CallOptions::new()));
        }
        fn flow<F: Flow + Send>(client: &Client, flow: F)
        where
            F::Output: Send,
        {
            spawnable(client.run(flow));
        }
        shareable::<Client>();
        let _ = any::<InitFaceVerify>;
        let _ = flow::<Call<InitFaceVerify>>;
    }
}

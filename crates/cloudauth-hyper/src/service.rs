//! The client as a service of `tower`, so that layers (concurrency limits, load shedding) can be put in
//! front of it.

use core::pin::Pin;
use core::task::{Context, Poll};

use cloudauth_proto::{Error, Operation, Reply};
use tower_service::Service;

use crate::client::Client;

/// Do not put a retry layer in front of it: the client retries, and retries only what may be sent twice.
///
/// ```no_run
/// use cloudauth_hyper::ops::InitFaceVerify;
/// use cloudauth_hyper::{Client, Options};
/// use tower::{ServiceBuilder, ServiceExt};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::new(Options::new())?;
/// let limited = ServiceBuilder::new().concurrency_limit(16).service(client);
/// let open = InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
///     .user_id("7")
///     .meta_info(r#"{"deviceType":"h5"}"#); // from the vendor's script in the person's browser
/// let opened = limited.clone().oneshot(open).await?;
/// assert!(opened.value.certify_url.is_some());
/// # Ok(())
/// # }
/// ```
impl<O: Operation + Send + Sync + 'static> Service<O> for Client {
    type Response = Reply<O::Response>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, operation: O) -> Self::Future {
        let client = self.clone();
        Box::pin(async move { client.call(&operation).await })
    }
}

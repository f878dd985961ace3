//! Claims on verifications, and lookups in the store.

use cloudauth_hyper::CertifyId;
use cloudauth_hyper::verify::OuterOrderNo;
use cloudauth_hyper::{Endpoint, Sensitive, UnixTime};

use crate::fixture::Fixture;
use crate::h5_backend::store::{CLAIM_SECONDS, LookupKey, State, Store};

const fn at(seconds: u64) -> UnixTime {
    UnixTime::from_seconds(seconds)
}

#[test]
fn an_ended_claim_cannot_write() {
    let fixture = Fixture::new();
    fixture.run(async {
        let store = fixture.open_store().await;
        let order = OuterOrderNo::new("order1").unwrap();
        let (id, page) = (CertifyId::new("sha1"), Sensitive::new("https://page"));
        assert!(store.insert(&order, "v", "p", at(100)).await.unwrap());
        assert!(store.claim(&order, at(100)).await.unwrap().is_none());
        store.record_open(&order, &id, &page).await.unwrap();

        let slow = store.claim(&order, at(100)).await.unwrap().unwrap();
        let early = at(100 + CLAIM_SECONDS - 1);
        assert!(store.claim(&order, early).await.unwrap().is_none());
        assert!(store.claim_due(early, early).await.unwrap().is_empty());
        let other = store
            .claim_due(at(100), at(100 + CLAIM_SECONDS))
            .await
            .unwrap();
        let [other] = other.as_slice() else {
            panic!("it is due");
        };

        // The first claim has ended.
        let failed = store.finish(&slow, State::Failed, "205").await;
        assert!(!failed.unwrap());
        store.release(&slow, at(0)).await.unwrap();
        store.record_deleted(&slow).await.unwrap();
        assert!(
            store
                .claim(&order, at(100 + CLAIM_SECONDS))
                .await
                .unwrap()
                .is_none()
        );

        assert!(store.finish(other, State::Passed, "200").await.unwrap());
        let again = store.finish(other, State::Failed, "205").await;
        assert!(!again.unwrap(), "a verdict is final");
        store.release(other, at(0)).await.unwrap();
        // It has a verdict, so only its pictures remain to be deleted.
        assert!(store.claim(&order, at(999)).await.unwrap().is_none());
        let due = store.claim_due(at(0), at(999)).await.unwrap();
        assert_eq!(due[0].verification.state, State::Passed);
        store.record_deleted(&due[0]).await.unwrap();
        store.release(&due[0], at(0)).await.unwrap();
        assert!(store.claim_due(at(999), at(999)).await.unwrap().is_empty());
    });
}

#[test]
fn a_verification_is_found_by_each_key_with_its_origin() {
    let fixture = Fixture::new();
    fixture.run(async {
        let store = fixture.open_store().await;
        let order = OuterOrderNo::new("order1").unwrap();
        let origin: Endpoint = "https://cloudauth.cn-beijing.aliyuncs.com".parse().unwrap();
        let id = CertifyId::new("sha1").with_origin(origin.clone());
        let page = Sensitive::new("https://page");
        assert!(store.insert(&order, "v", "p", at(100)).await.unwrap());
        assert!(
            !store
                .insert(&OuterOrderNo::new("order2").unwrap(), "v", "p", at(100))
                .await
                .unwrap()
        );
        store.record_open(&order, &id, &page).await.unwrap();
        for key in [
            LookupKey::Order(&order),
            LookupKey::Visit("v"),
            LookupKey::CertifyId(&CertifyId::new("sha1")),
        ] {
            let found = store.find(key).await.unwrap().unwrap();
            assert_eq!(found.certify_id.unwrap().origin(), Some(&origin));
            assert_eq!((found.state, found.opened), (State::Open, at(100)));
        }
        assert!(
            store
                .find(LookupKey::Visit("order1"))
                .await
                .unwrap()
                .is_none()
        );
    });
}

//! Who may write what into the ledger.

use cloudauth_hyper::ops::CertifyId;
use cloudauth_hyper::verify::OuterOrderNo;
use cloudauth_hyper::{Endpoint, Sensitive, UnixTime};

use crate::h5_backend::ledger::{By, LEASE, Ledger, State};
use crate::scene::Scene;

const fn at(seconds: u64) -> UnixTime {
    UnixTime::from_seconds(seconds)
}

#[test]
fn whose_claim_is_over_writes_nothing() {
    let scene = Scene::new();
    scene.run(async {
        let ledger = scene.open_ledger().await;
        let order = OuterOrderNo::new("order1").unwrap();
        let (id, page) = (CertifyId::new("sha1"), Sensitive::new("https://page"));
        assert!(ledger.intend(&order, "v", "p", at(100)).await.unwrap());
        assert!(ledger.claim(&order, at(100)).await.unwrap().is_none());
        ledger.opened(&order, &id, &page).await.unwrap();

        let slow = ledger.claim(&order, at(100)).await.unwrap().unwrap();
        let early = at(100 + LEASE - 1);
        assert!(ledger.claim(&order, early).await.unwrap().is_none());
        assert!(ledger.claim_due(early, early).await.unwrap().is_empty());
        let other = ledger.claim_due(at(100), at(100 + LEASE)).await.unwrap();
        let [other] = other.as_slice() else {
            panic!("it is due");
        };

        // The first one has slept through its time.
        let failed = ledger.settle(&slow, State::Failed, "205").await;
        assert!(!failed.unwrap());
        ledger.release(&slow, at(0)).await.unwrap();
        ledger.erased(&slow).await.unwrap();
        assert!(
            ledger
                .claim(&order, at(100 + LEASE))
                .await
                .unwrap()
                .is_none()
        );

        assert!(ledger.settle(other, State::Passed, "200").await.unwrap());
        let again = ledger.settle(other, State::Failed, "205").await;
        assert!(!again.unwrap(), "a verdict is for good");
        ledger.release(other, at(0)).await.unwrap();
        // It has a verdict, so it can only be erased.
        assert!(ledger.claim(&order, at(999)).await.unwrap().is_none());
        let due = ledger.claim_due(at(0), at(999)).await.unwrap();
        assert_eq!(due[0].entry.state, State::Passed);
        ledger.erased(&due[0]).await.unwrap();
        ledger.release(&due[0], at(0)).await.unwrap();
        assert!(ledger.claim_due(at(999), at(999)).await.unwrap().is_empty());
    });
}

#[test]
fn a_verification_is_found_by_all_its_names_with_its_home() {
    let scene = Scene::new();
    scene.run(async {
        let ledger = scene.open_ledger().await;
        let order = OuterOrderNo::new("order1").unwrap();
        let home: Endpoint = "https://cloudauth.cn-beijing.aliyuncs.com".parse().unwrap();
        let id = CertifyId::new("sha1").of(home.clone());
        let page = Sensitive::new("https://page");
        assert!(ledger.intend(&order, "v", "p", at(100)).await.unwrap());
        assert!(
            !ledger
                .intend(&OuterOrderNo::new("order2").unwrap(), "v", "p", at(100))
                .await
                .unwrap()
        );
        ledger.opened(&order, &id, &page).await.unwrap();
        for by in [
            By::Order(&order),
            By::Visit("v"),
            By::CertifyId(&CertifyId::new("sha1")),
        ] {
            let found = ledger.find(by).await.unwrap().unwrap();
            assert_eq!(found.certify_id.unwrap().home(), Some(&home));
            assert_eq!((found.state, found.opened), (State::Open, at(100)));
        }
        assert!(ledger.find(By::Visit("order1")).await.unwrap().is_none());
    });
}

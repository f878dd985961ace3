//! Everything that is claimed about speed, as ratios measured side by side.
#![expect(clippy::print_stdout, reason = "a bench")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

use cloudauth_benches::calls::{Signer, init, picture, picture_params};
use cloudauth_benches::measure::{Subject, ratios};
use cloudauth_benches::{floors, naive};
use cloudauth_proto::{Operation, Params, Scheme};

fn main() {
    let signer = Signer::new();
    let operation = init();
    let mut params = Params::new();
    operation.encode(&mut params);
    println!("{:?}", params.names().count());
    let plain = |text: &str| {
        let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
        let decode = |text: &str| {
            percent_encoding::percent_decode_str(text)
                .decode_utf8_lossy()
                .into_owned()
        };
        pairs
            .map(|(name, value)| (decode(name), decode(value)))
            .collect::<BTreeMap<_, _>>()
    };
    let request = signer.build(Scheme::Acs3HmacSha256, &operation);
    let query = plain(request.target.trim_start_matches("/?"));
    let payload = [request.body.parts().0, request.body.parts().1].concat();
    let form = plain(&String::from_utf8_lossy(&payload));
    println!("{} {}", query.len(), form.len());
    let asked = naive::asked(query, form, signer.nonce());
    let rpc = signer.explain(Scheme::RpcHmacSha1, &params);
    let acs3 = signer.explain(Scheme::Acs3HmacSha256, &params);
    println!(
        "{} {} {}",
        rpc.canonical.len(),
        rpc.string_to_sign.len(),
        acs3.canonical.len()
    );
    let mut subjects: Vec<Subject<'_>> = vec![
        ("floor", Box::new(floors::rpc(&rpc.string_to_sign))),
        (
            "ours",
            Box::new(|| {
                drop(black_box(
                    signer.build(Scheme::RpcHmacSha1, black_box(&operation)),
                ))
            }),
        ),
        (
            "again",
            Box::new(|| {
                drop(black_box(
                    signer.sign(Scheme::RpcHmacSha1, black_box(&params)),
                ))
            }),
        ),
        (
            "naive",
            Box::new(|| drop(black_box(naive::rpc(black_box(&asked))))),
        ),
    ];
    println!(
        "{:?}",
        ratios(&mut subjects, 1001, Duration::from_micros(100))
    );
    let mut subjects: Vec<Subject<'_>> = vec![
        (
            "floor",
            Box::new(floors::acs3(
                &payload,
                &acs3.canonical,
                &acs3.string_to_sign,
            )),
        ),
        (
            "ours",
            Box::new(|| {
                drop(black_box(
                    signer.build(Scheme::Acs3HmacSha256, black_box(&operation)),
                ))
            }),
        ),
        (
            "again",
            Box::new(|| {
                drop(black_box(
                    signer.sign(Scheme::Acs3HmacSha256, black_box(&params)),
                ))
            }),
        ),
        (
            "naive",
            Box::new(|| drop(black_box(naive::acs3(black_box(&asked))))),
        ),
    ];
    println!(
        "{:?}",
        ratios(&mut subjects, 1001, Duration::from_micros(100))
    );
    let picture = picture(5_600_000);
    let params = picture_params(&picture);
    let rpc = signer.explain(Scheme::RpcHmacSha1, &params);
    let acs3 = signer.explain(Scheme::Acs3HmacSha256, &params);
    let request = signer.build_picture(Scheme::Acs3HmacSha256, &picture);
    let mut subjects: Vec<Subject<'_>> = vec![
        ("floor", Box::new(floors::rpc(&rpc.string_to_sign))),
        (
            "ours",
            Box::new(|| {
                drop(black_box(
                    signer.build_picture(Scheme::RpcHmacSha1, black_box(&picture)),
                ))
            }),
        ),
    ];
    println!("{:?}", ratios(&mut subjects, 21, Duration::from_millis(5)));
    let mut subjects: Vec<Subject<'_>> = vec![
        (
            "floor",
            Box::new(floors::acs3(
                request.body.parts().0,
                &acs3.canonical,
                &acs3.string_to_sign,
            )),
        ),
        (
            "ours",
            Box::new(|| {
                drop(black_box(
                    signer.build_picture(Scheme::Acs3HmacSha256, black_box(&picture)),
                ))
            }),
        ),
    ];
    println!("{:?}", ratios(&mut subjects, 21, Duration::from_millis(5)));
}

//! Personal data in a form, as axum reads it.

use std::collections::HashMap;

use axum::body::Body;
use axum::extract::{Form, FromRequest, Request};
use cloudauth_hyper::Sensitive;

type Fields = Form<HashMap<String, Sensitive>>;

#[tokio::test]
async fn the_fields_of_a_form_are_read_as_personal_data() {
    let request = Request::post("/")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(
            "name=%E5%BC%A0%E4%B8%89&number=330103199001011230",
        ));
    let Form(fields) = Fields::from_request(request.unwrap(), &()).await.unwrap();
    assert_eq!(fields["name"].expose(), "张三");
    assert_eq!(fields["number"].expose(), "330103199001011230");
    assert!(!format!("{fields:?}").contains("3301"));
}

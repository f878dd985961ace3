//! Writes a module that JavaScript can load, from the wasm file that the compiler made:
//!
//! ```text
//! cargo run -p cloudauth-fetch-bindings -- target/wasm32-unknown-unknown/wasm/cloudauth_fetch_js.wasm FOLDER
//! ```
//!
//! The module is the same for Workers, Deno and Node: an ES module, whose `initSync({ module })` takes a
//! `WebAssembly.Module` or the bytes of the wasm file beside it.

#![forbid(unsafe_code)]

use core::error::Error;
use std::env;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [wasm, folder] = &arguments[..] else {
        return Err("usage: cloudauth-fetch-bindings WASM_FILE FOLDER".into());
    };
    Bindgen::new()
        .web(true)?
        .typescript(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .input_path(wasm)
        .generate(folder)?;
    Ok(())
}

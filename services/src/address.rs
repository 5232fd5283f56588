//! URLs of servers: read, led elsewhere, and never shown, since they hold passwords.

use url::Url;

use crate::ServiceError;
use crate::error::or_fail;

pub(crate) fn parsed(url: &str) -> Result<Url, ServiceError> {
    Url::parse(url).map_err(|error| ServiceError::failed("reading a server's URL", error.to_string()))
}

/// The same URL for whoever stands on this port between a program and its server.
pub(crate) fn through(url: &str, port: u16) -> String {
    let mut url = or_fail(parsed(url));
    let led = url.set_host(Some("127.0.0.1")).is_ok() && url.set_port(Some(port)).is_ok();
    assert!(led, "the URL of a server has a host");
    url.into()
}

/// Text as it was before it was written into a URL.
pub(crate) fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, others)) = rest.split_first() {
        let digits = others.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if first == b'%' => {
                bytes.push(byte);
                rest = &others[2..];
            }
            _ => {
                bytes.push(first);
                rest = others;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_url_is_led_through_another_port_with_all_that_it_says() {
        let url = "postgres://annals:hush@db.example:6000/shop?sslmode=disable&schema=x";
        let moved = "postgres://annals:hush@127.0.0.1:7/shop?sslmode=disable&schema=x";
        assert_eq!(super::through(url, 7), moved);
    }

    #[test]
    fn a_password_is_read_as_it_was_written() {
        assert_eq!(super::decoded("a%2fb+%c3%a9%"), "a/b+é%");
    }
}

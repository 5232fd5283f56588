//! Where servers come from: what `ANNALS_SERVICES` says, and what follows from it for one server.

use std::fmt;

use crate::ServiceError;
use crate::images::{self, Image};

/// The variable in the environment that says where servers come from.
const VARIABLE: &str = "ANNALS_SERVICES";

/// Where servers come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A URL in the environment; else a container; else this machine's own programs.
    Auto,
    /// Containers, for what there are images of.
    Containers,
    /// This machine's own programs, and what is fetched. URLs are not looked at.
    Native,
    /// URLs in the environment, and nothing else.
    External,
}

/// What a server that nobody gave is started from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// A container of this image.
    Container(Image),
    /// Programs of this machine.
    Native(WhyNative),
}

/// Why a server is no container where it could be one; said behind the place that it was started from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WhyNative(Option<String>);

impl Source {
    /// What the environment asks for.
    pub(crate) fn asked() -> Result<Self, ServiceError> {
        Self::parse(&std::env::var(VARIABLE).unwrap_or_default())
    }

    fn parse(asked: &str) -> Result<Self, ServiceError> {
        match asked {
            "" | "auto" => Ok(Self::Auto),
            "containers" => Ok(Self::Containers),
            "native" => Ok(Self::Native),
            "external" => Ok(Self::External),
            _ => Err(ServiceError::failed(
                format!("reading {VARIABLE}"),
                format!("it is {asked:?}, and auto, containers, native or external is needed"),
            )),
        }
    }

    /// The URL of a server of one's own, where one is to be used.
    pub(crate) fn given(self, what: &str, variable: &str) -> Result<Option<String>, ServiceError> {
        self.url(what, variable, std::env::var(variable).ok().filter(|url| !url.is_empty()))
    }

    fn url(self, what: &str, variable: &str, set: Option<String>) -> Result<Option<String>, ServiceError> {
        match (self, set) {
            (Self::Containers | Self::Native, _) | (Self::Auto, None) => Ok(None),
            (Self::Auto | Self::External, Some(url)) => Ok(Some(url)),
            (Self::External, None) => {
                Err(missing(what, &format!("set {variable} to the URL of one, or choose --services auto")))
            }
        }
    }

    /// What a server is started from whose image is pinned in this table.
    pub(crate) async fn start(self, what: &str, table: &str) -> Result<Start, ServiceError> {
        let (what, table) = (what.to_owned(), table.to_owned());
        // It may have to be pulled: not on a thread of the caller's runtime.
        let chosen = tokio::task::spawn_blocking(move || self.choose(&what, || images::find(&table))).await;
        chosen.map_err(|error| ServiceError::failed("looking", error.to_string()))?
    }

    fn choose(
        self,
        what: &str,
        image: impl FnOnce() -> Result<Image, String>,
    ) -> Result<Start, ServiceError> {
        match self {
            Self::External => Err(missing(what, "name one by its URL, or choose --services auto")),
            Self::Native => Ok(Start::Native(WhyNative::default())),
            Self::Auto => Ok(match image() {
                Ok(image) => Start::Container(image),
                Err(why) => Start::Native(WhyNative(Some(why))),
            }),
            Self::Containers => image().map(Start::Container).map_err(|why| {
                missing(
                    what,
                    &format!("start a Docker engine that has the image, or choose --services native ({why})"),
                )
            }),
        }
    }

    /// What is missing, with one more way to get it where URLs are looked at.
    pub(crate) fn or_url(self, error: ServiceError, variable: &str) -> ServiceError {
        match error {
            ServiceError::Missing { what, remedy } if self == Self::Auto => {
                missing(&what, &format!("{remedy}; or set {variable} to the URL of one"))
            }
            error => error,
        }
    }

    /// Whether a program of this machine may be started of which there is no image, or whose test kills it.
    pub(crate) fn native_only(self, what: &str) -> Result<(), ServiceError> {
        match self {
            Self::External => Err(missing(what, "it cannot be named by a URL: choose --services auto")),
            Self::Auto | Self::Containers | Self::Native => Ok(()),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Containers => "containers",
            Self::Native => "native",
            Self::External => "external",
        })
    }
}

impl fmt::Display for WhyNative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(why) => write!(f, " (no container: {why})"),
            None => Ok(()),
        }
    }
}

fn missing(what: &str, remedy: &str) -> ServiceError {
    ServiceError::Missing { what: what.to_owned(), remedy: remedy.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCES: [Source; 4] = [Source::Auto, Source::Containers, Source::Native, Source::External];

    const NATIVE: Start = Start::Native(WhyNative(None));

    fn image() -> Image {
        Image { name: "annals-offline/postgres:18".to_owned(), pinned: "postgres:18.4".to_owned() }
    }

    #[test]
    fn what_is_asked_for_is_read_as_it_is_written() {
        for source in SOURCES {
            assert_eq!(Source::parse(&source.to_string()).unwrap(), source);
        }
        assert_eq!(Source::parse("").unwrap(), Source::Auto);
        let refused = Source::parse("docker").unwrap_err().to_string();
        assert!(refused.contains("auto, containers, native or external"), "{refused}");
    }

    #[test]
    fn a_url_is_taken_by_auto_and_external_alone() {
        let given = |source: Source| source.url("PostgreSQL 18", "URL_18", Some("postgres://x".to_owned()));
        assert_eq!(SOURCES.map(|source| given(source).unwrap().is_some()), [true, false, false, true]);
    }

    #[test]
    fn without_a_url_external_says_which_variable_to_set() {
        let without = |source: Source| source.url("PostgreSQL 18", "URL_18", None);
        for source in [Source::Auto, Source::Containers, Source::Native] {
            assert_eq!(without(source).unwrap(), None);
        }
        let missing = without(Source::External).unwrap_err().to_string();
        assert!(
            missing.starts_with("PostgreSQL 18 cannot be had: set URL_18 to the URL of one"),
            "{missing}"
        );
    }

    #[test]
    fn a_container_is_taken_where_its_image_is_there() {
        let started = |source: Source| source.choose("PostgreSQL 18", || Ok(image())).unwrap();
        assert_eq!(started(Source::Auto), Start::Container(image()));
        assert_eq!(started(Source::Containers), Start::Container(image()));
        assert_eq!(started(Source::Native), NATIVE);
    }

    #[test]
    fn without_an_image_auto_says_why_and_containers_fail() {
        let started = |source: Source| source.choose("PostgreSQL 18", || Err("no engine answers".to_owned()));
        let Start::Native(why) = started(Source::Auto).unwrap() else { panic!("there is no image") };
        assert_eq!(why.to_string(), " (no container: no engine answers)");
        let missing = started(Source::Containers).unwrap_err().to_string();
        assert!(missing.starts_with("PostgreSQL 18 cannot be had: start a Docker engine"), "{missing}");
        assert!(missing.ends_with("(no engine answers)"), "{missing}");
        assert_eq!(started(Source::Native).unwrap(), NATIVE);
    }

    #[test]
    fn images_are_not_looked_for_when_programs_are_asked_for() {
        let started = Source::Native.choose("PostgreSQL 18", || unreachable!("no engine is asked"));
        assert_eq!(started.unwrap(), NATIVE);
    }

    #[test]
    fn what_has_no_image_is_native_whatever_is_asked_for_but_never_external() {
        assert_eq!(SOURCES.map(|source| source.native_only("PgBouncer").is_ok()), [true, true, true, false]);
    }
}

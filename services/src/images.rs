//! The images that containers are made of: pinned in `docker/images.toml`, there, pulled, or stood in for.
//!
//! A machine that reaches no registry learns so within seconds, and remembers it for a while.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::{ServiceError, docker, place};

const PINS: &str = include_str!("../../docker/images.toml");

/// For how long nobody tries again to pull an image that could not be pulled: longer than most runs.
const UNTIL_THE_NEXT_TRY: Duration = Duration::from_secs(600);

/// An image that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Image {
    /// Its own name.
    pub(crate) name: String,
    /// The image that is pinned: the same, or the one that it stands in for.
    pub(crate) pinned: String,
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.name == self.pinned { Ok(()) } else { write!(f, " (the stand-in for {})", self.pinned) }
    }
}

/// The image that is pinned in this table, or its stand-in; else why there is none. Blocks while it is pulled.
pub(crate) fn find(table: &str) -> Result<Image, String> {
    docker::engine()?;
    let (pinned, offline) = (pin(PINS, table, "image")?, pin(PINS, table, "offline")?);
    let image = |name: &str| Image { name: name.to_owned(), pinned: pinned.to_owned() };
    if docker::has_image(pinned) {
        return Ok(image(pinned));
    }
    let Err(why) = pulled(pinned) else { return Ok(image(pinned)) };
    if docker::has_image(offline) {
        return Ok(image(offline));
    }
    Err(format!("{pinned} cannot be pulled: {why}; {offline} is not there: docker/offline/build makes it"))
}

fn pin<'a>(pins: &'a str, table: &str, key: &str) -> Result<&'a str, String> {
    let header = format!("[{table}]");
    let lines = pins.lines().skip_while(|line| *line != header).skip(1);
    let mut pairs = lines.take_while(|line| !line.starts_with('[')).filter_map(|line| line.split_once(" = "));
    let found = pairs.find(|(name, _)| *name == key).map(|(_, value)| value.trim_matches('"'));
    found.ok_or_else(|| format!("docker/images.toml has no {key} of {table}"))
}

fn pulled(image: &str) -> Result<(), String> {
    let failure = failure_of(image).map_err(|error| error.to_string())?;
    if let Some(why) = recent(&failure) {
        return Err(why);
    }
    docker::pull(image).inspect_err(|why| {
        // Without it, each server of the run tries again.
        let _ = std::fs::write(&failure, why);
    })
}

/// Where it is remembered why an image could not be pulled.
fn failure_of(image: &str) -> Result<PathBuf, ServiceError> {
    let name = image.replace(|letter: char| !letter.is_ascii_alphanumeric() && letter != '.', "-");
    Ok(place::under_target("services")?.join(format!("{name}.not-pulled")))
}

fn recent(failure: &PathBuf) -> Option<String> {
    let age = std::fs::metadata(failure).ok()?.modified().ok()?.elapsed().ok()?;
    if age > UNTIL_THE_NEXT_TRY {
        return None;
    }
    std::fs::read_to_string(failure).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_has_its_image_and_a_stand_in() {
        for table in ["postgres-15", "postgres-18", "dynamodb-local"] {
            let (image, offline) = (pin(PINS, table, "image").unwrap(), pin(PINS, table, "offline").unwrap());
            assert!(image.contains(':') && !image.contains('"'), "{image}");
            assert!(offline.starts_with("annals-offline/"), "{offline}");
        }
    }

    #[test]
    fn a_pin_is_read_from_its_own_table() {
        let pins = "[a]\nimage = \"a:1\"\n\n[b]\nimage = \"b:2\"\noffline = \"o/b:2\"\n";
        assert_eq!(pin(pins, "a", "image"), Ok("a:1"));
        assert_eq!(pin(pins, "b", "image"), Ok("b:2"));
        assert_eq!(pin(pins, "a", "offline").unwrap_err(), "docker/images.toml has no offline of a");
        assert!(pin(pins, "c", "image").is_err());
    }

    #[test]
    fn a_stand_in_says_what_it_stands_in_for() {
        let image = |name: &str| Image { name: name.to_owned(), pinned: "postgres:18.4".to_owned() };
        assert_eq!(image("postgres:18.4").to_string(), "postgres:18.4");
        assert_eq!(image("mine:18").to_string(), "mine:18 (the stand-in for postgres:18.4)");
    }
}

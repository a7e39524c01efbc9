use std::convert::Infallible;
use std::fmt::Display;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use percent_encoding::percent_decode;

use super::Problem;

/// The query of a request, not read yet.
#[derive(Debug)]
pub(crate) struct RawParams(Option<String>);

/// The parameters of a query; each may come once, and every one must be known.
#[derive(Debug)]
pub(crate) struct Params(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for RawParams {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.uri.query().map(ToOwned::to_owned)))
    }
}

impl RawParams {
    /// Takes the query apart.
    pub(crate) fn read(&self) -> Result<Params, Problem> {
        let mut params: Vec<(String, String)> = Vec::new();
        for pair in self.0.as_deref().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name).ok_or_else(|| Problem::field("query", "The query is not UTF-8."))?;
            let value = decode(value).ok_or_else(|| Problem::field(name.clone(), "This is not UTF-8."))?;
            if params.iter().any(|(other, _)| *other == name) {
                return Err(Problem::field(name, "This is given more than once."));
            }
            params.push((name, value));
        }
        Ok(Params(params))
    }
}

/// Decodes as forms are encoded: `+` is a space.
pub(crate) fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode(spaced.as_bytes()).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

impl Params {
    /// Returns what the fields of a form that are filled in say.
    pub(crate) fn of_fields<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let filled = fields.into_iter().filter(|(_, value)| !value.is_empty());
        Self(filled.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// Takes the parameter of this name.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        let position = self.0.iter().position(|(other, _)| other == name)?;
        Some(self.0.swap_remove(position).1)
    }

    /// Takes the parameter of this name and reads it as a `T`.
    pub(crate) fn parse<T: FromStr<Err: Display>>(&mut self, name: &str) -> Result<Option<T>, Problem> {
        let read =
            |text: String| text.parse().map_err(|error| Problem::field(name, format!("This is wrong: {error}.")));
        self.take(name).map(read).transpose()
    }

    /// Refuses whatever was not taken.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        match self.0.into_iter().next() {
            Some((name, _)) => Err(Problem::field(name, "There is no such parameter here.")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Params, Problem> {
        RawParams(Some(query.to_owned())).read()
    }

    #[test]
    fn parameters_are_decoded_strictly_and_taken_once() {
        let mut params = read("subject=Zo%C3%AB+B&limit=5&flag").expect("valid");
        assert_eq!(params.take("subject").as_deref(), Some("Zoë B"));
        assert_eq!(params.parse::<u16>("limit").expect("a number"), Some(5));
        assert_eq!(params.take("flag").as_deref(), Some(""));
        assert!(params.finish().is_ok());
        for bad in ["a=%ff", "%ff=a", "a=1&a=2"] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(read("other=1").expect("well-formed").finish().is_err());
        assert!(read("limit=x").expect("well-formed").parse::<u16>("limit").is_err());
    }
}

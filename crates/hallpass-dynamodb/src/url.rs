use std::time::Duration;

use percent_encoding::percent_decode_str;

use crate::options::DynamoDbOptions;

/// The error of a URL that names no store; says what is wrong and what would be right, and repeats no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{scheme}:...: {problem}; a store is named like dynamodb://REGION/TABLE")]
pub struct InvalidUrl {
    scheme: String,
    problem: Problem,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Problem {
    #[error("there is no such kind of server")]
    Scheme,
    #[error("the region is to be letters, digits and hyphens, such as eu-west-1")]
    Region,
    #[error("after the region there is to be a table, of 3 to 255 letters, digits, and . _ -")]
    Table,
    #[error("there is a key, and no secret")]
    Credentials,
    #[error("the endpoint is to be a URL such as http://127.0.0.1:8000, without credentials")]
    Endpoint,
    #[error("{0} is not an option; there are create, endpoint, events_days and timeout_ms")]
    Unknown(String),
    #[error("{0} is to be a whole number: timeout_ms from 1 to 3600000, events_days from 1 to 36500")]
    Number(&'static str),
    #[error("create is to be true or false")]
    Create,
}

pub(crate) fn read(url: &str) -> Result<DynamoDbOptions, InvalidUrl> {
    parse(url).map_err(|problem| {
        let scheme = url.split(':').next().unwrap_or_default();
        InvalidUrl { scheme: scheme.chars().take(20).collect(), problem }
    })
}

fn parse(url: &str) -> Result<DynamoDbOptions, Problem> {
    let rest = url.strip_prefix("dynamodb://").ok_or(Problem::Scheme)?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, table) = rest.split_once('/').ok_or(Problem::Table)?;
    let (credentials, region) = match authority.rsplit_once('@') {
        Some((credentials, region)) => (Some(credentials), region),
        None => (None, authority),
    };
    if !region.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-') {
        return Err(Problem::Region);
    }
    let is_good = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    if !(3..=255).contains(&table.len()) || !table.chars().all(is_good) {
        return Err(Problem::Table);
    }
    let mut options = DynamoDbOptions::new(table);
    if !region.is_empty() {
        options = options.region(region);
    }
    if let Some(credentials) = credentials {
        let (key, secret) = credentials.split_once(':').ok_or(Problem::Credentials)?;
        let decoded = |text| percent_decode_str(text).decode_utf8().map_err(|_| Problem::Credentials);
        options = options.credentials(decoded(key)?, decoded(secret)?);
    }
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.into_iter().try_fold(options, |options, (name, value)| with(options, name, value))
}

fn with(options: DynamoDbOptions, name: &str, value: &str) -> Result<DynamoDbOptions, Problem> {
    Ok(match name {
        "create" => options.create(value.parse().map_err(|_| Problem::Create)?),
        "endpoint" => {
            let endpoint = percent_decode_str(value).decode_utf8().map_err(|_| Problem::Endpoint)?;
            let is_url = ["http://", "https://"]
                .iter()
                .any(|scheme| endpoint.len() > scheme.len() && endpoint.starts_with(scheme));
            if !is_url || endpoint.contains('@') {
                return Err(Problem::Endpoint);
            }
            options.endpoint(endpoint)
        }
        "events_days" => match value.parse() {
            Ok(days @ 1..=36_500) => options.keep_events(Duration::from_hours(24 * days)),
            _ => return Err(Problem::Number("events_days")),
        },
        "timeout_ms" => match value.parse() {
            Ok(millis @ 1..=3_600_000) => options.timeout(Duration::from_millis(millis)),
            _ => return Err(Problem::Number("timeout_ms")),
        },
        _ => return Err(Problem::Unknown(name.chars().take(40).collect())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Way;

    #[test]
    fn a_url_names_a_table_and_how_to_reach_it() {
        let url = "dynamodb://AKIA:s%2Fcret@eu-west-1/shop.sessions?endpoint=http://127.0.0.1:8000&timeout_ms=250\
                   &create=true&events_days=90";
        let options = read(url).expect("a URL");
        let Way::Own(own) = &options.way else { panic!("no client was brought") };
        assert_eq!((options.table.as_str(), own.region.as_deref()), ("shop.sessions", Some("eu-west-1")));
        assert_eq!(own.endpoint.as_deref(), Some("http://127.0.0.1:8000"));
        let credentials = own.credentials.as_ref().expect("credentials");
        assert_eq!((credentials.access_key_id(), credentials.secret_access_key()), ("AKIA", "s/cret"));
        assert_eq!((options.timeout, options.creates), (Duration::from_millis(250), true));
        assert_eq!(options.keep_events, Some(Duration::from_hours(90 * 24)));
    }

    #[test]
    fn region_and_credentials_can_be_left_to_the_environment() {
        let options = read("dynamodb:///sessions").expect("a URL");
        let Way::Own(own) = &options.way else { panic!("no client was brought") };
        assert!(own.region.is_none() && own.credentials.is_none() && own.endpoint.is_none());
        assert_eq!((options.timeout, options.creates, options.keep_events), (Duration::from_secs(3), false, None));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_secret() {
        for (url, part) in [
            ("redis://k:s3cret@eu-west-1/sessions", "no such kind"),
            ("dynamodb:s3cret", "no such kind"),
            ("dynamodb://k:s3cret@eu-west-1", "a table"),
            ("dynamodb://k:s3cret@eu-west-1/ab", "a table"),
            ("dynamodb://k:s3cret@eu-west-1/a/b/c", "a table"),
            ("dynamodb://s3cret@eu-west-1/sessions", "no secret"),
            ("dynamodb://k:s3cret@eu west/sessions", "region"),
            ("dynamodb://k:s3cret@r/sessions?colour=red", "colour is not an option"),
            ("dynamodb://k:s3cret@r/sessions?timeout_ms=0", "timeout_ms"),
            ("dynamodb://k:s3cret@r/sessions?events_days=x", "events_days"),
            ("dynamodb://k:s3cret@r/sessions?create=perhaps", "true or false"),
            ("dynamodb://k:s3cret@r/sessions?endpoint=ftp://h", "the endpoint"),
            ("dynamodb://r/sessions?endpoint=http://k:s3cret@h", "the endpoint"),
        ] {
            let error = read(url).expect_err(url);
            assert!(error.to_string().contains(part), "{error}");
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
        }
    }

    #[test]
    fn options_show_no_secret() {
        let shown = format!("{:?}", read("dynamodb://k:s3cret@eu-west-1/sessions").expect("a URL"));
        assert!(!shown.contains("s3cret") && shown.contains("sessions in eu-west-1"), "{shown}");
    }
}

//! The examples of the standards, verified by the same code as our own tokens.

use super::*;
use crate::keys::KeyId;

// RFC 7515, appendices A.1 to A.3: one message under three keys.
const A_1: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const A_1_SECRET: &str = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
const A_2: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
const A_2_KEY: &str = r#"{"kty":"RSA","kid":"a-2","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#;
const A_3: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
const A_3_KEY: &str = r#"{"kty":"EC","kid":"a-3","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
// The same, unsecured.
const A_5: &str = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.";
// RFC 8037, appendix A.4, under the key of A.1 and A.2.
const RFC_8037: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
const RFC_8037_KEY: &str =
    r#"{"kty":"OKP","kid":"a-4","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
// RFC 7520, sections 4.1 and 4.4, under the keys of figures 3 and 5; the others are of algorithms that are not ours.
const RFC_7520_TEXT: &str = "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4";
const RFC_7520_RSA: (&str, &str) = (
    "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9",
    "MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg",
);
const RFC_7520_RSA_KEY: &str = r#"{"kty":"RSA","kid":"bilbo.baggins","use":"sig","n":"n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw","e":"AQAB"}"#;
const RFC_7520_HMAC: (&str, &str) = (
    "eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9",
    "s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0",
);
const RFC_7520_HMAC_SECRET: &str = "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg";

fn published(key: &str) -> Jwt {
    let ring = KeyRing::from_jwks(format!(r#"{{"keys":[{key}]}}"#).as_bytes()).expect("a key");
    Jwt::access(ring, "joe", "us").expect("names")
}

fn secret(base64url: &str, name: &str) -> Jwt {
    let bytes = URL_SAFE_NO_PAD.decode(base64url).expect("base64url");
    let key = Key::symmetric(KeyAlgorithm::Hs256, &bytes).expect("a secret").named(KeyId::new(name).expect("a name"));
    Jwt::access(KeyRing::new([key]).expect("a key"), "joe", "us").expect("names")
}

/// The examples are no access tokens: they get as far as their type, which is looked at right after the signature.
#[track_caller]
fn assert_signed(jwt: &Jwt, text: &str) {
    let now = Timestamp::from_millis(1_300_819_000_000);
    assert_eq!(jwt.check(text.as_bytes(), now).err(), Some(Fault::Type));
    let signature = text.rfind('.').expect("a token") + 1;
    for at in [signature, signature + 20, text.find('.').expect("a token") + 1] {
        let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
        let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
        let fault = jwt.check(changed.as_bytes(), now).err();
        assert!(matches!(fault, Some(Fault::Signature | Fault::Encoding)), "{fault:?}");
    }
}

#[test]
fn rfc_7515_appendix_a_1_to_a_3() {
    assert_signed(&secret(A_1_SECRET, "a-1"), A_1);
    assert_signed(&published(A_2_KEY), A_2);
    assert_signed(&published(A_3_KEY), A_3);
}

#[test]
fn rfc_7515_appendix_a_5_is_refused_under_every_key() {
    for jwt in [secret(A_1_SECRET, "a-1"), published(A_2_KEY), published(A_3_KEY), published(RFC_8037_KEY)] {
        assert_eq!(jwt.check(A_5.as_bytes(), Timestamp::default()).err(), Some(Fault::Algorithm));
    }
}

#[test]
fn rfc_7515_each_example_is_refused_under_the_keys_of_the_others() {
    let keys = [secret(A_1_SECRET, "a-1"), published(A_2_KEY), published(A_3_KEY), published(RFC_8037_KEY)];
    for (its_key, text) in [A_1, A_2, A_3, RFC_8037].into_iter().enumerate() {
        for (place, jwt) in keys.iter().enumerate() {
            let expected = if place == its_key { Fault::Type } else { Fault::Algorithm };
            let fault = jwt.check(text.as_bytes(), Timestamp::default()).err();
            // The text of RFC 8037 is a sentence, which is no matter before the claims are read.
            assert_eq!(fault, Some(expected), "{its_key} under {place}");
        }
    }
}

#[test]
fn rfc_8037_appendix_a_4() {
    assert_signed(&published(RFC_8037_KEY), RFC_8037);
}

#[test]
fn rfc_7520_section_4_4() {
    let (header, signature) = RFC_7520_HMAC;
    let text = format!("{header}.{RFC_7520_TEXT}.{signature}");
    assert_signed(&secret(RFC_7520_HMAC_SECRET, "018c0ae5-4d9b-471b-bfd6-eef314bc7037"), &text);
}

#[test]
fn rfc_7520_section_4_1_by_its_key_whose_name_is_no_name_here() {
    let (header, signature) = RFC_7520_RSA;
    let jwt = published(RFC_7520_RSA_KEY);
    let bytes = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    let key = &jwt.ring().keys()[0];
    assert!(key.verifies(format!("{header}.{RFC_7520_TEXT}").as_bytes(), &bytes));
    assert!(!key.verifies(format!("{header}.{RFC_7520_TEXT}A").as_bytes(), &bytes));
    // JWT-5: `bilbo.baggins@hobbiton.example` has a character that the name of a key has not.
    let text = format!("{header}.{RFC_7520_TEXT}.{signature}");
    assert_eq!(jwt.check(text.as_bytes(), Timestamp::default()).err(), Some(Fault::UnknownKey));
}

#[test]
fn rfc_7517_appendix_a_1_has_one_key_that_signs() {
    // The first is for encryption.
    let set = format!(
        r#"{{"keys":[{{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"enc","kid":"1"}},{}]}}"#,
        A_2_KEY.replace(r#""kid":"a-2""#, r#""alg":"RS256","kid":"2011-04-29""#)
    );
    let ring = KeyRing::from_jwks(set.as_bytes()).expect("a key");
    assert_eq!(ring.keys().iter().map(|key| key.id().to_string()).collect::<Vec<_>>(), ["2011-04-29"]);
    assert_signed(&Jwt::access(ring, "joe", "us").expect("names"), A_2);
}

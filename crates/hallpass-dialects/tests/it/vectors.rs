use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// A vector: what a framework wrote, and what it was told to write.
pub(crate) struct Vector(pub(crate) Value);

/// Returns the vectors of a framework, which are there.
pub(crate) fn all(framework: &str, count: usize) -> Vec<Vector> {
    let path = format!("{}/tests/vectors/{framework}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read(path).expect("the vectors are in the repository");
    let mut file: Value = serde_json::from_slice(&text).expect("vectors are JSON");
    let vectors: Vec<_> = file["vectors"].as_array_mut().expect("a list").drain(..).map(Vector).collect();
    assert_eq!(vectors.len(), count);
    vectors
}

impl Vector {
    pub(crate) fn id(&self) -> &str {
        self.0["id"].as_str().expect("each has a name")
    }

    pub(crate) fn kind(&self) -> &str {
        self.0["kind"].as_str().unwrap_or_default()
    }

    pub(crate) fn list(&self, name: &str) -> &[Value] {
        self.0[name].as_array().map(Vec::as_slice).unwrap_or_default()
    }
}

pub(crate) fn bytes(text: &Value) -> Vec<u8> {
    STANDARD.decode(text.as_str().expect("base64")).expect("base64")
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

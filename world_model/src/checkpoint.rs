//! Files of weights: safetensors with our metadata and a checksum, written atomically.
//!
//! All metadata sits in one entry, `foresight`, so that the same weights give the same bytes. It is
//! a JSON object with the kind of file, the format version, a BLAKE3 checksum over tensors and
//! content, and the content itself (a JSON text).

mod error;

pub use error::CheckpointError;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use crate::files;
use crate::imagination::Linear;
use half::f16;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

/// Version of the layout of tensors and content.
pub const FORMAT_VERSION: u32 = 1;
/// Key of our entry in the metadata.
const METADATA_KEY: &str = "foresight";

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A finished world model.
    WorldModel,
    /// The state of an unfinished training run.
    TrainingState,
    /// A reactive policy in the latent of a world model.
    Policy,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::WorldModel => "world model",
            Self::TrainingState => "training state",
            Self::Policy => "policy",
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    kind: Kind,
    version: u32,
    checksum: String,
    content: String,
}

/// A named tensor, row-major.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NamedTensor {
    pub name: String,
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

/// A file that was read and whose checksum holds.
#[derive(Debug)]
pub(crate) struct Archive {
    path: std::path::PathBuf,
    /// The JSON text it was written with.
    pub content: String,
    tensors: BTreeMap<String, NamedTensor>,
}

/// Writes a file: into a temporary one in the same folder first, synchronised to disk, then renamed
/// over `path`. Whatever goes wrong, `path` holds either its old or its new content.
///
/// # Errors
/// [`CheckpointError::Write`], [`CheckpointError::Encode`].
pub(crate) fn write(
    path: &Path,
    kind: Kind,
    content: String,
    tensors: &[NamedTensor],
) -> Result<(), CheckpointError> {
    let file = encode(path, kind, content, tensors)?;
    files::replace(path, &file).map_err(|source| CheckpointError::Write {
        path: path.to_owned(),
        source,
    })
}

/// The bytes of a file; `path` is what errors name.
///
/// # Errors
/// [`CheckpointError::Encode`].
pub(crate) fn encode(
    path: &Path,
    kind: Kind,
    content: String,
    tensors: &[NamedTensor],
) -> Result<Vec<u8>, CheckpointError> {
    let encode = |detail: String| CheckpointError::Encode {
        path: path.to_owned(),
        detail,
    };
    let stored: Vec<(Dtype, Vec<u8>)> = tensors.iter().map(|t| to_bytes(&t.values)).collect();
    let mut views = BTreeMap::new();
    for (tensor, (precision, bytes)) in tensors.iter().zip(&stored) {
        let view = TensorView::new(*precision, tensor.shape.clone(), bytes)
            .map_err(|e| encode(format!("{}: {e}", tensor.name)))?;
        views.insert(tensor.name.as_str(), view);
    }
    let envelope = Envelope {
        kind,
        version: FORMAT_VERSION,
        checksum: checksum(
            &content,
            views.iter().map(|(n, v)| (*n, v.shape(), v.data())),
        ),
        content,
    };
    let envelope = serde_json::to_string(&envelope).map_err(|e| encode(e.to_string()))?;
    let metadata = HashMap::from([(METADATA_KEY.to_owned(), envelope)]);
    safetensors::serialize(views, Some(metadata)).map_err(|e| encode(e.to_string()))
}

/// Reads a file and checks everything that does not depend on what it is for.
///
/// # Errors
/// [`CheckpointError`] says which check failed.
pub(crate) fn read(path: &Path, kind: Kind) -> Result<Archive, CheckpointError> {
    let bytes = std::fs::read(path).map_err(|source| CheckpointError::Read {
        path: path.to_owned(),
        source,
    })?;
    decode(path, &bytes, kind)
}

/// Reads the bytes of a file; `path` is what errors name.
///
/// # Errors
/// [`CheckpointError`] says which check failed.
pub(crate) fn decode(path: &Path, bytes: &[u8], kind: Kind) -> Result<Archive, CheckpointError> {
    let owned = || path.to_owned();
    let damaged = |detail: String| CheckpointError::NotSafetensors {
        path: owned(),
        detail,
    };
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| damaged(e.to_string()))?;
    let file = SafeTensors::deserialize(bytes).map_err(|e| damaged(e.to_string()))?;
    let envelope: Envelope = header
        .metadata()
        .as_ref()
        .and_then(|entries| entries.get(METADATA_KEY))
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or_else(|| CheckpointError::Foreign { path: owned() })?;
    if envelope.version != FORMAT_VERSION {
        return Err(CheckpointError::Version {
            path: owned(),
            found: envelope.version,
        });
    }
    let views: BTreeMap<String, TensorView<'_>> = file.tensors().into_iter().collect();
    let found = checksum(
        &envelope.content,
        views.iter().map(|(n, v)| (n.as_str(), v.shape(), v.data())),
    );
    if found != envelope.checksum {
        return Err(CheckpointError::Checksum {
            path: owned(),
            expected: envelope.checksum,
            found,
        });
    }
    if envelope.kind != kind {
        return Err(CheckpointError::Kind {
            path: owned(),
            expected: kind,
            found: envelope.kind,
        });
    }
    let tensors = views.into_iter().map(|(name, view)| {
        let values = from_bytes(view.dtype(), view.data());
        let values = values.ok_or_else(|| {
            let found = view.dtype();
            damaged(format!("{name} is of {found:?}, expected F32 or F16"))
        })?;
        let tensor = NamedTensor {
            name: name.clone(),
            shape: view.shape().to_vec(),
            values,
        };
        Ok((name, tensor))
    });
    Ok(Archive {
        path: owned(),
        content: envelope.content,
        tensors: tensors.collect::<Result<_, CheckpointError>>()?,
    })
}

impl Archive {
    /// Parses the content.
    ///
    /// # Errors
    /// [`CheckpointError::Content`].
    pub fn parse<T: for<'de> Deserialize<'de>>(&self) -> Result<T, CheckpointError> {
        serde_json::from_str(&self.content).map_err(|e| CheckpointError::Content {
            path: self.path.clone(),
            detail: e.to_string(),
        })
    }

    /// An error for networks that do not fit together.
    pub fn networks(&self, error: &dyn std::fmt::Display) -> CheckpointError {
        CheckpointError::Networks {
            path: self.path.clone(),
            detail: error.to_string(),
        }
    }

    /// Takes out the layers `name.0`, `name.1`, ... of a network of the given widths.
    ///
    /// # Errors
    /// Those of [`Archive::take`].
    pub fn take_network(
        &mut self,
        name: &str,
        sizes: &[usize],
    ) -> Result<Vec<Linear>, CheckpointError> {
        self.take_layers(name, sizes.windows(2).map(|pair| (pair[0], pair[1])))
    }

    /// Takes the layers of a network out, each of so many inputs and outputs.
    ///
    /// # Errors
    /// Those of [`Archive::take`].
    pub fn take_layers(
        &mut self,
        name: &str,
        widths: impl IntoIterator<Item = (usize, usize)>,
    ) -> Result<Vec<Linear>, CheckpointError> {
        let widths = widths.into_iter().enumerate();
        widths
            .map(|(index, (inputs, outputs))| {
                self.take_layer(&format!("{name}.{index}"), inputs, outputs)
            })
            .collect()
    }

    /// Takes a layer out.
    ///
    /// # Errors
    /// Those of [`Archive::take`].
    pub fn take_layer(
        &mut self,
        name: &str,
        inputs: usize,
        outputs: usize,
    ) -> Result<Linear, CheckpointError> {
        Ok(Linear {
            inputs,
            outputs,
            weight: self.take(&format!("{name}.weight"), &[inputs, outputs])?,
            bias: self.take(&format!("{name}.bias"), &[outputs])?,
        })
    }

    /// Takes a tensor out.
    ///
    /// # Errors
    /// [`CheckpointError::MissingTensor`], [`CheckpointError::Shape`],
    /// [`CheckpointError::NonFinite`].
    pub fn take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, CheckpointError> {
        let tensor = self
            .tensors
            .remove(name)
            .ok_or_else(|| CheckpointError::MissingTensor {
                path: self.path.clone(),
                name: name.to_owned(),
            })?;
        if tensor.shape != shape {
            return Err(CheckpointError::Shape {
                path: self.path.clone(),
                name: name.to_owned(),
                expected: shape.to_vec(),
                found: tensor.shape,
            });
        }
        match tensor.values.iter().position(|value| !value.is_finite()) {
            Some(index) => Err(CheckpointError::NonFinite {
                path: self.path.clone(),
                name: name.to_owned(),
                index,
                value: tensor.values[index],
            }),
            None => Ok(tensor.values),
        }
    }
}

/// BLAKE3 over content, names, shapes and bytes, each preceded by its length.
fn checksum<'a>(
    content: &str,
    tensors: impl Iterator<Item = (&'a str, &'a [usize], &'a [u8])>,
) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut part = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    part(content.as_bytes());
    for (name, shape, bytes) in tensors {
        part(name.as_bytes());
        for size in shape {
            part(&(*size as u64).to_le_bytes());
        }
        part(bytes);
    }
    hasher.finalize().to_hex().to_string()
}

/// The values as they are stored: in half precision where that loses nothing.
fn to_bytes(values: &[f32]) -> (Dtype, Vec<u8>) {
    let halves: Vec<f16> = values.iter().map(|&value| f16::from_f32(value)).collect();
    let alike = |(half, value): (&f16, &f32)| half.to_f32().to_bits() == value.to_bits();
    if halves.iter().zip(values).all(alike) {
        let bytes = halves.iter().flat_map(|half| half.to_le_bytes());
        return (Dtype::F16, bytes.collect());
    }
    let bytes = values.iter().flat_map(|value| value.to_le_bytes());
    (Dtype::F32, bytes.collect())
}

/// The values; none for another precision.
fn from_bytes(precision: Dtype, bytes: &[u8]) -> Option<Vec<f32>> {
    match precision {
        Dtype::F16 => {
            let halves = bytes.as_chunks::<2>().0.iter();
            Some(
                halves
                    .map(|half| f16::from_le_bytes(*half).to_f32())
                    .collect(),
            )
        }
        Dtype::F32 => {
            let values = bytes.as_chunks::<4>().0.iter();
            Some(values.map(|value| f32::from_le_bytes(*value)).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn written(values: &[f32]) -> Vec<u8> {
        let tensor = NamedTensor {
            name: "w".to_owned(),
            shape: vec![values.len()],
            values: values.to_vec(),
        };
        let path = Path::new("w.safetensors");
        encode(path, Kind::Policy, String::new(), &[tensor]).unwrap()
    }

    #[test]
    fn half_precision_is_stored_where_it_loses_nothing() {
        let halves: Vec<f32> = (0..1000).map(|i| i as f32 / 64.0).collect();
        let mut one_is_not = halves.clone();
        one_is_not[500] = 0.1;
        let saved = written(&one_is_not).len() - written(&halves).len();
        assert!(saved.abs_diff(2000) < 64, "{saved}");
        for values in [halves, one_is_not] {
            let path = Path::new("w.safetensors");
            let mut archive = decode(path, &written(&values), Kind::Policy).unwrap();
            assert_eq!(archive.take("w", &[1000]).unwrap(), values);
        }
    }

    #[test]
    fn other_precisions_are_refused_by_name() {
        let zeros = [0u8; 16];
        let view = TensorView::new(Dtype::F64, vec![2], &zeros).unwrap();
        let envelope = Envelope {
            kind: Kind::Policy,
            version: FORMAT_VERSION,
            checksum: checksum("", [("w", &[2usize][..], &zeros[..])].into_iter()),
            content: String::new(),
        };
        let envelope = serde_json::to_string(&envelope).unwrap();
        let metadata = HashMap::from([(METADATA_KEY.to_owned(), envelope)]);
        let bytes = safetensors::serialize([("w", view)], Some(metadata)).unwrap();
        let error = decode(Path::new("w.safetensors"), &bytes, Kind::Policy);
        let error = error.err().unwrap().to_string();
        assert!(
            error.contains("w is of F64, expected F32 or F16"),
            "{error}"
        );
    }
}

//! What a user relies on: a model survives the disk unchanged, works in physical units, and every
//! kind of bad file gets its own clear line.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::WorldModel;
use crate::checkpoint::{self, CheckpointError, Kind};
use crate::imagination::{ImaginationScratch, Readout};
use crate::synthetic;

struct Saved {
    _folder: tempfile::TempDir,
    path: PathBuf,
    model: WorldModel,
    bytes: Vec<u8>,
}

fn saved() -> Saved {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disc.safetensors");
    let model = synthetic::model();
    model.save(&path).unwrap();
    Saved {
        bytes: std::fs::read(&path).unwrap(),
        _folder: folder,
        path,
        model,
    }
}

impl Saved {
    /// What loading says about other bytes under the same name.
    fn error(&self, bytes: &[u8]) -> String {
        std::fs::write(&self.path, bytes).unwrap();
        WorldModel::load(&self.path).unwrap_err().to_string()
    }

    /// What loading says about the same card with other tensors.
    fn error_with(&self, change: impl FnOnce(&mut Vec<checkpoint::NamedTensor>)) -> String {
        let mut tensors = self.model.layers().tensors();
        change(&mut tensors);
        let content = serde_json::to_string(self.model.card()).unwrap();
        checkpoint::write(&self.path, Kind::WorldModel, content, &tensors).unwrap();
        WorldModel::load(&self.path).unwrap_err().to_string()
    }
}

#[test]
fn a_model_survives_the_disk_unchanged() {
    let saved = saved();
    let loaded = WorldModel::load(&saved.path).unwrap();
    assert_eq!(loaded.layers(), saved.model.layers());
    assert_eq!(loaded.card(), saved.model.card());
    loaded.save(&saved.path).unwrap();
    assert_eq!(std::fs::read(&saved.path).unwrap(), saved.bytes);
    let names = std::fs::read_dir(saved.path.parent().unwrap()).unwrap();
    assert_eq!(names.count(), 1, "a temporary file was left behind");
}

#[test]
fn decoded_poses_and_rollouts_use_the_same_units_and_networks() {
    let model = synthetic::model();
    let card = model.card();
    let observation = [0.05, -0.02, 1.0, 0.0, 0.1, 0.1];
    let mut latent = vec![0.0; card.latent_dim()];
    model.encode(&observation, &mut latent).unwrap();
    let actions = vec![0.3; card.block_action_dim()];
    let mut ahead = vec![0.0; card.latent_dim()];
    let roll = |readout: Readout<'_>, out: &mut [f32]| {
        let scratch = &mut ImaginationScratch::new();
        let dynamics = model.imagination();
        dynamics
            .rollout(&latent, &actions, 1, 1, readout, out, scratch)
            .unwrap();
    };
    roll(Readout::Latent, &mut ahead);
    let mut decoded = vec![0.0; card.pose.dim()];
    roll(Readout::Heads(&[model.pose_head()]), &mut decoded);
    let mut pose = vec![0.0; card.pose.dim()];
    model.pose(&ahead, &mut pose).unwrap();
    assert_eq!(pose, decoded);

    let heads = model.reach_heads(&latent).unwrap();
    let heads: Vec<_> = heads.iter().collect();
    let mut steps = vec![0.0; heads.len()];
    roll(Readout::Heads(&heads), &mut steps);
    let (mean, std) = model.steps_to_reach(&ahead, &latent).unwrap();
    let expected = steps.iter().sum::<f32>() / steps.len() as f32;
    assert!(
        (mean - expected).abs() < 1e-4 && std >= 0.0,
        "{mean} {expected}"
    );
    assert!(
        model
            .encode(&observation[1..], &mut latent.clone())
            .is_err()
    );
}

#[test]
fn a_flipped_bit_anywhere_is_noticed() {
    let saved = saved();
    for position in (0..saved.bytes.len()).step_by(61) {
        let mut bytes = saved.bytes.clone();
        bytes[position] ^= 1 << (position % 8);
        let message = saved.error(&bytes);
        assert!(
            message.contains("disc.safetensors"),
            "{position}: {message}"
        );
        assert!(!message.contains('\n'), "{position}: {message}");
    }
    let mut bytes = saved.bytes.clone();
    *bytes.last_mut().unwrap() ^= 1;
    assert!(saved.error(&bytes).contains("damaged: its checksum is"));
}

#[test]
fn truncated_and_foreign_files_are_told_apart() {
    let saved = saved();
    for length in [0, 7, 100, saved.bytes.len() - 1] {
        let message = saved.error(&saved.bytes[..length]);
        assert!(message.contains("cut short"), "{length}: {message}");
    }
    let zeros = [0u8; 8];
    let view = TensorView::new(Dtype::F32, vec![2], &zeros).unwrap();
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    let foreign = safetensors::serialize([("w", view)], Some(metadata)).unwrap();
    assert!(saved.error(&foreign).contains("something else"));
    let missing = WorldModel::load(Path::new("/nowhere/model.safetensors"));
    assert!(matches!(missing, Err(CheckpointError::Read { .. })));
}

#[test]
fn tensors_must_be_those_the_card_describes() {
    let saved = saved();
    let message = saved.error_with(|tensors| tensors.retain(|t| t.name != "pose.1.bias"));
    assert!(
        message.ends_with("has no tensor `pose.1.bias`"),
        "{message}"
    );
    let message = saved.error_with(|tensors| tensors[0].shape = vec![8, 6]);
    assert!(
        message.contains("shape [8, 6], expected [6, 8]"),
        "{message}"
    );
    let message = saved.error_with(|tensors| tensors[1].values[3] = f32::NAN);
    assert!(message.contains("NaN at 3"), "{message}");
}

#[test]
fn a_training_state_is_not_a_model() {
    let saved = saved();
    checkpoint::write(&saved.path, Kind::TrainingState, "{}".to_owned(), &[]).unwrap();
    let message = WorldModel::load(&saved.path).unwrap_err().to_string();
    assert!(
        message.contains("holds a training state, expected a world model"),
        "{message}"
    );
}

#[test]
fn a_folder_that_cannot_be_written_leaves_nothing() {
    let path = Path::new("/nowhere/model.safetensors");
    let error = synthetic::model().save(path).unwrap_err();
    assert!(matches!(error, CheckpointError::Write { .. }), "{error}");
}

#[test]
fn other_tools_can_read_the_weights() {
    let saved = saved();
    let file = SafeTensors::deserialize(&saved.bytes).unwrap();
    assert_eq!(file.tensor("encoder.0.weight").unwrap().shape(), [6, 8]);
    assert_eq!(file.tensor("reach.2.1.bias").unwrap().shape(), [1]);
}

#[test]
fn models_from_before_a_setting_existed_load_with_its_default() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/models");
    let mut found = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.to_string_lossy();
        if name.ends_with(".safetensors") && !name.ends_with(".policy.safetensors") {
            let model = WorldModel::load(&path).unwrap_or_else(|error| panic!("{error}"));
            assert!(model.card().config.validate().is_ok(), "{}", path.display());
            found += 1;
        }
    }
    assert!(found >= 7, "{found} models");

    let card = synthetic::model().card().clone();
    let mut json = serde_json::to_value(&card).unwrap();
    let config = json["config"].as_object_mut().unwrap();
    for name in [
        "anti_collapse",
        "encoder_norm",
        "lambda_variance",
        "lambda_covariance",
        "ema_decay",
        "reconstruction",
        "lambda_reconstruction",
        "mask_fraction",
        "decoder_hidden",
    ] {
        config.remove(name).unwrap();
    }
    let old: crate::card::ModelCard = serde_json::from_value(json).unwrap();
    assert_eq!(old, card);
}

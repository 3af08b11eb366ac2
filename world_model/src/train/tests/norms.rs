//! The exported encoder is the trained one, normalised hidden layers included.

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};

use super::sights::{frame, run_seeing};
use super::*;
use crate::config::{AntiCollapse, EncoderNorm};
use crate::networks::Networks;
use crate::random::{Purpose, stream};
use crate::sight::Sight;
use crate::synthetic::pictured;
use crate::train::TrainingData;
use crate::train::parameters::{ParameterMap, assign};
use crate::train::state::{Run, TrainState};
use rand::RngExt;

fn with(encoder_norm: EncoderNorm) -> TrainConfig {
    TrainConfig {
        encoder_norm,
        encoder_hidden: vec![24, 20],
        ..tiny()
    }
}

/// Largest difference between the exported encoder and the network in the state file, over some observations, one by one and
/// in a batch.
fn difference(dataset: &Dataset, sight: Option<Sight>, config: &TrainConfig) -> f32 {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.safetensors");
    let model = run_seeing(dataset, sight.clone(), config, Some(&state));
    let dimensions = TrainingData::dimensions(dataset, sight.as_ref()).unwrap();
    let data = TrainingData::new(dataset, sight.as_ref(), None, config).unwrap();
    let networks = Networks::init(&dimensions, config, &Device::flex().autodiff());
    let (map, values) = ParameterMap::of(&networks);
    let fingerprint = sight.as_ref().map(Sight::fingerprint);
    let trained = Run {
        config,
        data_hash: &dataset.hash,
        start: None,
        sight: fingerprint.as_deref(),
    };
    let encoder = map.len_through(&["encoder."]);
    let state = TrainState::load(&state, trained, values.len(), encoder).unwrap();
    let networks = assign(networks, &state.values, &Device::flex().autodiff()).valid();

    let (rows, inputs) = (7, &dimensions.observation);
    let mut standardised = Vec::new();
    for frame in 0..rows {
        data.frames
            .extend_observation(11 * frame, &mut standardised);
    }
    let normal = &model.card().normalisation.observation;
    let last = normal.mean.len() - 1;
    let observations: Vec<f32> = standardised
        .iter()
        .enumerate()
        .map(|(i, v)| {
            let column = (i % inputs.dim()).min(last);
            v * normal.scale[column] + normal.mean[column]
        })
        .collect();
    let shape = [rows, inputs.dim()];
    let tensor = Tensor::from_data(TensorData::new(standardised, shape), &Device::flex());
    let expected: Vec<f32> = networks
        .encoder
        .forward(tensor, inputs)
        .try_into_vec_as()
        .unwrap();
    let mut batch = vec![0.0; expected.len()];
    let mut memory = crate::model::EncoderScratch::default();
    model
        .encoder()
        .forward(&observations, rows, &mut batch, &mut memory)
        .unwrap();
    let mut single = vec![0.0; expected.len()];
    let latents = single.chunks_exact_mut(config.latent_dim);
    for (observation, latent) in observations.chunks_exact(inputs.dim()).zip(latents) {
        model.encode(observation, latent).unwrap();
    }
    assert_eq!(single, batch);
    assert!(expected.iter().any(|v| v.abs() > 0.1), "{expected:?}");
    let pairs = expected.iter().zip(&batch);
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn the_exported_encoder_of_states_is_the_trained_one() {
    let dataset = pushed_disc(20, 60, 2);
    for norm in [EncoderNorm::None, EncoderNorm::Layer, EncoderNorm::Dyt] {
        let found = difference(&dataset, None, &with(norm));
        assert!(found < 1e-5, "{norm:?}: {found}");
    }
}

#[test]
fn the_exported_encoder_of_pictures_is_the_trained_one() {
    let dataset = pictured(pushed_disc(6, 40, 2));
    for norm in [EncoderNorm::None, EncoderNorm::Layer, EncoderNorm::Dyt] {
        let config = TrainConfig {
            steps: 12,
            ..with(norm)
        };
        let found = difference(&dataset, Some(frame()), &config);
        assert!(found < 3e-5, "{norm:?}: {found}");
    }
}

#[test]
fn a_normalised_model_survives_the_disk_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disc.safetensors");
    let dataset = pushed_disc(20, 60, 2);
    for norm in [EncoderNorm::Layer, EncoderNorm::Dyt] {
        let model = run(&dataset, &with(norm), None);
        assert_eq!(model.layers().encoder_norms.len(), 2);
        model.save(&path).unwrap();
        let loaded = WorldModel::load(&path).unwrap();
        assert_eq!(loaded.layers(), model.layers());
        assert_eq!(loaded.hash(), model.hash());
        let rng = &mut stream(0, Purpose::Evaluation, 0, 0);
        let observation: Vec<f32> = (0..6).map(|_| rng.random_range(-1.0..1.0)).collect();
        let latent = |model: &WorldModel| {
            let mut latent = vec![0.0; 12];
            model.encode(&observation, &mut latent).unwrap();
            latent
        };
        assert_eq!(latent(&loaded), latent(&model));
    }
}

#[test]
fn an_interrupted_run_with_norms_and_an_average_of_them_continues_to_the_same_model() {
    let dataset = pushed_disc(20, 60, 2);
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.safetensors");
    let config = TrainConfig {
        anti_collapse: AntiCollapse::Ema,
        ..with(EncoderNorm::Dyt)
    };
    interrupt(&dataset, &config, &state, 21);
    let resumed = run(&dataset, &config, Some(&state));
    assert_eq!(resumed.layers(), run(&dataset, &config, None).layers());
}

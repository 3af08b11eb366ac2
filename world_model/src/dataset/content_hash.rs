//! A fingerprint of what a dataset holds, whatever the files look like that hold it.

use super::{DatasetSpec, Episode};
use blake3::Hasher;

/// BLAKE3 in hexadecimal over the spec and every episode; each part is preceded by its length, so
/// that no two datasets feed the same bytes.
pub(super) fn content_hash(spec: &DatasetSpec, episodes: &[Episode]) -> String {
    let mut hasher = Hasher::new();
    text(&mut hasher, &spec.task);
    hasher.update(&spec.fps.to_le_bytes());
    hasher.update(&spec.seed.to_le_bytes());
    for (_, names) in spec.vectors() {
        length(&mut hasher, names.len());
        names.iter().for_each(|name| text(&mut hasher, name));
    }
    let pose = &spec.pose;
    length(&mut hasher, pose.position_dims);
    length(&mut hasher, usize::from(pose.has_yaw));
    length(&mut hasher, pose.effector_dims);
    values(
        &mut hasher,
        &[pose.position_tolerance_m, pose.yaw_tolerance_rad],
    );
    if let Some(image) = spec.image {
        length(&mut hasher, image.width);
        length(&mut hasher, image.height);
    }
    if pose.conditions > 0 {
        length(&mut hasher, pose.conditions);
        length(&mut hasher, pose.position_counts_when.map_or(0, |i| i + 1));
    }
    if pose.clearances > 0 {
        length(&mut hasher, pose.clearances);
    }
    length(&mut hasher, episodes.len());
    for episode in episodes {
        text(&mut hasher, &episode.behaviour);
        values(&mut hasher, &episode.observations);
        values(&mut hasher, &episode.actions);
        values(&mut hasher, &episode.poses);
        for image in &episode.images {
            length(&mut hasher, image.len());
            hasher.update(image);
        }
    }
    hasher.finalize().to_hex().to_string()
}

fn length(hasher: &mut Hasher, length: usize) {
    hasher.update(&(length as u64).to_le_bytes());
}

fn text(hasher: &mut Hasher, text: &str) {
    length(hasher, text.len());
    hasher.update(text.as_bytes());
}

fn values(hasher: &mut Hasher, values: &[f32]) {
    const BLOCK: usize = 4096;
    length(hasher, values.len());
    let mut bytes = Vec::with_capacity(4 * BLOCK);
    for block in values.chunks(BLOCK) {
        bytes.clear();
        bytes.extend(block.iter().flat_map(|value| value.to_le_bytes()));
        hasher.update(&bytes);
    }
}

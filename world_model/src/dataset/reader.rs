//! Reads a dataset, ours or a user's own, and checks that its parts agree.

use super::columns::Table;
use super::content_hash::content_hash;
use super::info::{self, Info};
use super::{ACTION, Dataset, DatasetError, DatasetSpec, Episode, IMAGE, OBSERVATION, POSE};
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// The episodes that the metadata announces in one data file.
struct FilePlan {
    path: PathBuf,
    first_episode: usize,
    lengths: Vec<usize>,
}

/// See [`Dataset::read`].
pub(super) fn read(dir: &Path) -> Result<Dataset, DatasetError> {
    let info = Info::read(dir)?;
    let spec = info.spec(dir)?;
    let tasks = read_tasks(dir)?;
    let plans = plan_files(dir, &info)?;
    let files: Vec<Result<Vec<Episode>, DatasetError>> = plans
        .par_iter()
        .map(|plan| read_file(plan, &spec, &tasks))
        .collect();
    // In order, so that of several errors it is always the first file's that is told.
    let files = files.into_iter().collect::<Result<Vec<_>, _>>()?;
    let episodes: Vec<Episode> = files.into_iter().flatten().collect();
    let hash = content_hash(&spec, &episodes);
    Ok(Dataset {
        spec,
        episodes,
        hash,
    })
}

/// The texts of `meta/tasks.parquet` by task index.
fn read_tasks(dir: &Path) -> Result<Vec<(i64, String)>, DatasetError> {
    let path = dir.join("meta/tasks.parquet");
    let (mut table, text) = Table::open_with_text(
        &path,
        ("task_index", "the index of each task"),
        "the text of each task",
    )?;
    let (mut indices, mut texts) = (Vec::new(), Vec::new());
    while let Some(rows) = table.next_rows()? {
        rows.integers("task_index", &mut indices)?;
        rows.texts(&text, &mut texts)?;
    }
    Ok(indices.into_iter().zip(texts).collect())
}

/// Goes through the episode table up to the number of episodes that `info.json` counts.
///
/// What lies past it in further files is left from a writer that was killed between adding them
/// and counting them.
fn plan_files(dir: &Path, info: &Info) -> Result<Vec<FilePlan>, DatasetError> {
    let info_path = info::info_path(dir);
    if info.total_episodes == 0 {
        return Err(DatasetError::NoEpisodes { path: info_path });
    }
    let mut plans: Vec<FilePlan> = Vec::new();
    let (mut episodes, mut frames) = (0, 0);
    for path in episode_files(dir)? {
        if episodes == info.total_episodes {
            break;
        }
        for (index, length, chunk, file) in read_episode_rows(&path)? {
            let (index, length) = (
                matching(&path, "episode_index", index, episodes, "the row order")?,
                positive(&path, episodes, length)?,
            );
            let data = info::data_file(dir, chunk as usize, file as usize);
            match plans.last_mut() {
                Some(plan) if plan.path == data => plan.lengths.push(length),
                _ => plans.push(FilePlan {
                    path: data,
                    first_episode: index,
                    lengths: vec![length],
                }),
            }
            episodes += 1;
            frames += length;
        }
    }
    let by = "meta/episodes";
    matching(
        &info_path,
        "total_episodes",
        info.total_episodes as i64,
        episodes,
        by,
    )?;
    matching(
        &info_path,
        "total_frames",
        info.total_frames as i64,
        frames,
        by,
    )?;
    Ok(plans)
}

/// The files of the episode table in the order of their names, which is that of the episodes.
fn episode_files(dir: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let list = |folder: &Path| -> Result<Vec<PathBuf>, DatasetError> {
        let entries = folder.read_dir().and_then(Iterator::collect);
        let entries: Vec<std::fs::DirEntry> =
            entries.map_err(DatasetError::io("read folder", folder))?;
        let mut paths: Vec<PathBuf> = entries.iter().map(std::fs::DirEntry::path).collect();
        paths.sort();
        Ok(paths)
    };
    let mut files = Vec::new();
    for chunk in list(&dir.join("meta/episodes"))? {
        if chunk.is_dir() {
            files.extend(list(&chunk)?);
        }
    }
    files.retain(|path| path.extension().is_some_and(|end| end == "parquet"));
    Ok(files)
}

/// Episode index, length, data chunk and data file of every row.
fn read_episode_rows(path: &Path) -> Result<Vec<(i64, i64, i64, i64)>, DatasetError> {
    let columns = [
        ("episode_index", "the index of each episode"),
        ("length", "the frames of each episode"),
        ("data/chunk_index", "the chunk of its data file"),
        ("data/file_index", "the number of its data file"),
    ];
    let mut table = Table::open(path, &columns)?;
    let mut values = [const { Vec::new() }; 4];
    while let Some(rows) = table.next_rows()? {
        for ((column, _), out) in columns.iter().zip(&mut values) {
            rows.integers(column, out)?;
        }
    }
    let [index, length, chunk, file] = values;
    Ok((0..index.len())
        .map(|row| (index[row], length[row], chunk[row], file[row]))
        .collect())
}

fn read_file(
    plan: &FilePlan,
    spec: &DatasetSpec,
    tasks: &[(i64, String)],
) -> Result<Vec<Episode>, DatasetError> {
    let vectors = spec.vectors();
    let mut wanted = vec![
        (OBSERVATION, "the observation of each frame"),
        (ACTION, "the action of each frame"),
        (POSE, "the pose of each frame"),
        ("frame_index", "the frame within the episode"),
        ("episode_index", "the episode of each frame"),
        ("task_index", "the task of each frame"),
    ];
    if spec.image.is_some() {
        wanted.push((IMAGE, "the image of each frame"));
    }
    let mut table = Table::open(&plan.path, &wanted)?;
    let by = "meta/episodes";
    let frames: usize = plan.lengths.iter().sum();
    matching(&plan.path, "number of rows", table.rows as i64, frames, by)?;

    let mut columns: [Vec<f32>; 3] =
        [0, 1, 2].map(|at: usize| Vec::with_capacity(frames * vectors[at].1.len()));
    let (mut frame_indices, mut episode_indices, mut task_indices) =
        (Vec::new(), Vec::new(), Vec::new());
    let mut images = Vec::new();
    while let Some(rows) = table.next_rows()? {
        for ((column, names), out) in vectors.iter().zip(&mut columns) {
            rows.vectors(column, names.len(), out)?;
        }
        if spec.image.is_some() {
            rows.images(IMAGE, &mut images)?;
        }
        rows.integers("frame_index", &mut frame_indices)?;
        rows.integers("episode_index", &mut episode_indices)?;
        rows.integers("task_index", &mut task_indices)?;
    }

    let mut images = images.into_iter();
    let mut start = 0;
    let mut episodes = Vec::with_capacity(plan.lengths.len());
    for (at, &length) in plan.lengths.iter().enumerate() {
        let index = plan.first_episode + at;
        for frame in 0..length {
            let row = start + frame;
            let what = |column: &str| format!("{column} in row {row}");
            if episode_indices[row] != index as i64 {
                let found = episode_indices[row];
                matching(&plan.path, &what("episode_index"), found, index, by)?;
            }
            if frame_indices[row] != frame as i64 {
                let found = frame_indices[row];
                matching(&plan.path, &what("frame_index"), found, frame, by)?;
            }
        }
        let slice = |column: usize| -> Result<Vec<f32>, DatasetError> {
            let (name, names) = vectors[column];
            let dimension = names.len();
            let values = &columns[column][start * dimension..(start + length) * dimension];
            finite(&plan.path, index, name, dimension, values)?;
            Ok(values.to_vec())
        };
        episodes.push(Episode {
            observations: slice(0)?,
            actions: slice(1)?,
            poses: slice(2)?,
            images: images.by_ref().take(length).collect(),
            behaviour: behaviour(&plan.path, tasks, task_indices[start])?,
        });
        start += length;
    }
    Ok(episodes)
}

/// The text of a task; an episode is named by the task of its first frame.
fn behaviour(path: &Path, tasks: &[(i64, String)], index: i64) -> Result<String, DatasetError> {
    match tasks.iter().find(|(task, _)| *task == index) {
        Some((_, text)) => Ok(text.clone()),
        None => Err(DatasetError::Column {
            path: path.to_path_buf(),
            column: "task_index".to_owned(),
            found: index.to_string(),
            expected: format!("one of the {} indices in meta/tasks.parquet", tasks.len()),
        }),
    }
}

fn finite(
    path: &Path,
    episode: usize,
    column: &'static str,
    dimension: usize,
    values: &[f32],
) -> Result<(), DatasetError> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(at) => Err(DatasetError::NotFinite {
            path: path.to_path_buf(),
            episode,
            frame: at / dimension,
            column,
            component: at % dimension,
            value: values[at],
        }),
    }
}

/// The number again when it is what another place says.
fn matching(
    path: &Path,
    what: &str,
    found: i64,
    expected: usize,
    by: &'static str,
) -> Result<usize, DatasetError> {
    if found == expected as i64 {
        return Ok(expected);
    }
    Err(DatasetError::Disagreement {
        path: path.to_path_buf(),
        what: what.to_owned(),
        found,
        expected: expected as i64,
        by,
    })
}

fn positive(path: &Path, episode: usize, length: i64) -> Result<usize, DatasetError> {
    match usize::try_from(length) {
        Ok(length) if length > 0 => Ok(length),
        _ => Err(DatasetError::Field {
            path: path.to_path_buf(),
            field: format!("length of episode {episode}"),
            found: length.to_string(),
            expected: "at least 1".to_owned(),
        }),
    }
}

//! The parquet tables of a dataset, encoded into memory.

use super::stats::FeatureStats;
use super::{ACTION, DatasetError, DatasetSpec, IMAGE, OBSERVATION, POSE};
use arrow_array::builder::{Float64Builder, Int64Builder, ListBuilder, StringBuilder};
use arrow_array::{
    ArrayRef, BinaryArray, FixedSizeListArray, Float32Array, Int64Array, RecordBatch, StringArray,
    StructArray, new_null_array,
};
use arrow_schema::{ArrowError, DataType, Field};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;
use serde_json::json;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// What the metadata says of one episode.
pub(super) struct EpisodeRow {
    /// Frames.
    pub(super) length: usize,
    /// Index of the behaviour.
    pub(super) task_index: usize,
    /// Statistics of every feature, in the same order for every episode.
    pub(super) stats: Vec<(&'static str, FeatureStats)>,
}

/// The episodes of one data file, before they are encoded.
#[derive(Default)]
pub(super) struct Buffer {
    pub(super) observations: Vec<f32>,
    pub(super) actions: Vec<f32>,
    pub(super) poses: Vec<f32>,
    pub(super) images: Vec<Vec<u8>>,
    pub(super) episodes: Vec<EpisodeRow>,
}

impl Buffer {
    /// Frames over all episodes.
    pub(super) fn frames(&self) -> usize {
        self.episodes.iter().map(|episode| episode.length).sum()
    }

    /// Bytes that vectors and images take.
    pub(super) fn bytes(&self) -> usize {
        size_of::<f32>() * (self.observations.len() + self.actions.len() + self.poses.len())
            + self.images.iter().map(Vec::len).sum::<usize>()
    }
}

/// Where a file stands in the dataset.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) chunk: usize,
    pub(super) file: usize,
    /// Index of the first episode in the file.
    pub(super) first_episode: usize,
    /// Index of the first frame in the file, over the whole dataset.
    pub(super) first_frame: usize,
}

/// The data file: one row for each frame. Errors name `path`.
pub(super) fn frames(
    path: &Path,
    spec: &DatasetSpec,
    buffer: &Buffer,
    place: Place,
) -> Result<Vec<u8>, DatasetError> {
    let fps = f64::from(spec.fps);
    let frame_indices = || buffer.episodes.iter().flat_map(|e| 0..e.length as i64);
    let per_frame = |value: &dyn Fn(usize, &EpisodeRow) -> usize| -> ArrayRef {
        let rows = buffer.episodes.iter().enumerate().flat_map(|(at, row)| {
            std::iter::repeat_n(value(place.first_episode + at, row) as i64, row.length)
        });
        Arc::new(Int64Array::from_iter_values(rows))
    };
    let vectors = [
        (OBSERVATION, &buffer.observations, &spec.observation_names),
        (ACTION, &buffer.actions, &spec.action_names),
        (POSE, &buffer.poses, &spec.pose_names),
    ];
    let mut columns = Vec::with_capacity(9);
    for (name, values, names) in vectors {
        let array = vectors_of(values, names.len()).map_err(DatasetError::parquet(path))?;
        columns.push((name, array));
    }
    if spec.image.is_some() {
        let array = images_of(&buffer.images).map_err(DatasetError::parquet(path))?;
        columns.push((IMAGE, array));
    }
    let first = place.first_frame as i64;
    let timestamps = frame_indices().map(|frame| (frame as f64 / fps) as f32);
    let indices = first..first + buffer.frames() as i64;
    columns.extend([
        (
            "timestamp",
            Arc::new(Float32Array::from_iter_values(timestamps)) as ArrayRef,
        ),
        (
            "frame_index",
            Arc::new(Int64Array::from_iter_values(frame_indices())),
        ),
        ("episode_index", per_frame(&|episode, _| episode)),
        ("index", Arc::new(Int64Array::from_iter_values(indices))),
        ("task_index", per_frame(&|_, row| row.task_index)),
    ]);

    // Real-valued vectors hardly repeat, so a dictionary only costs time on them.
    let mut properties = properties()
        .set_column_dictionary_enabled(ColumnPath::from("index"), false)
        .set_column_encoding(ColumnPath::from("index"), Encoding::DELTA_BINARY_PACKED);
    // Images are compressed already, and none is like another.
    let image_bytes = ColumnPath::new(vec![IMAGE.to_owned(), "bytes".to_owned()]);
    properties = properties
        .set_column_dictionary_enabled(image_bytes.clone(), false)
        .set_column_statistics_enabled(image_bytes.clone(), EnabledStatistics::None)
        .set_column_compression(image_bytes, Compression::UNCOMPRESSED);
    for (name, _, names) in vectors {
        properties = properties.set_column_dictionary_enabled(leaf(name, names.len()), false);
    }
    batch(columns)
        .and_then(|batch| encode(&batch, properties))
        .map_err(DatasetError::parquet(path))
}

/// The part of the episode table that goes with a data file. Errors name `path`.
pub(super) fn episodes(
    path: &Path,
    behaviours: &[String],
    buffer: &Buffer,
    place: Place,
) -> Result<Vec<u8>, DatasetError> {
    let rows = &buffer.episodes;
    let mut tasks = ListBuilder::new(StringBuilder::new());
    for row in rows {
        tasks.values().append_value(&behaviours[row.task_index]);
        tasks.append(true);
    }
    let integers = |values: &mut dyn Iterator<Item = usize>| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(values.map(|v| v as i64)))
    };
    let constant = |value: usize| integers(&mut std::iter::repeat_n(value, rows.len()));
    let ends: Vec<usize> = rows
        .iter()
        .scan(place.first_frame, |end, row| {
            *end += row.length;
            Some(*end)
        })
        .collect();
    let first = place.first_episode;
    let mut columns = vec![
        (
            "episode_index".to_owned(),
            integers(&mut (first..first + rows.len())),
        ),
        ("tasks".to_owned(), Arc::new(tasks.finish()) as ArrayRef),
        (
            "length".to_owned(),
            integers(&mut rows.iter().map(|row| row.length)),
        ),
        ("data/chunk_index".to_owned(), constant(place.chunk)),
        ("data/file_index".to_owned(), constant(place.file)),
        (
            "dataset_from_index".to_owned(),
            integers(&mut rows.iter().zip(&ends).map(|(row, end)| end - row.length)),
        ),
        (
            "dataset_to_index".to_owned(),
            integers(&mut ends.iter().copied()),
        ),
    ];
    columns.extend(stats_columns(rows));
    columns.push((
        "meta/episodes/chunk_index".to_owned(),
        constant(place.chunk),
    ));
    columns.push(("meta/episodes/file_index".to_owned(), constant(place.file)));
    batch(columns)
        .and_then(|batch| encode(&batch, properties()))
        .map_err(DatasetError::parquet(path))
}

/// One column for each feature and statistic, named as in `stats/action/mean`.
fn stats_columns(rows: &[EpisodeRow]) -> Vec<(String, ArrayRef)> {
    let mut columns = Vec::new();
    let features = rows.first().map_or(0, |row| row.stats.len());
    for feature in 0..features {
        let name = rows[0].stats[feature].0;
        let named: Vec<_> = rows
            .iter()
            .map(|row| row.stats[feature].1.named())
            .collect();
        for statistic in 0..named[0].len() {
            let mut values = ListBuilder::new(Float64Builder::new());
            for row in &named {
                values.values().append_slice(&row[statistic].1);
                values.append(true);
            }
            let column = format!("stats/{name}/{}", named[0][statistic].0);
            columns.push((column, Arc::new(values.finish()) as ArrayRef));
        }
        let mut counts = ListBuilder::new(Int64Builder::new());
        for row in rows {
            counts
                .values()
                .append_value(row.stats[feature].1.count as i64);
            counts.append(true);
        }
        columns.push((format!("stats/{name}/count"), Arc::new(counts.finish())));
    }
    columns
}

/// The table of behaviours. LeRobot reads it with pandas, indexed by the text, which pandas only
/// restores when the metadata of the file says so. Errors name `path`.
pub(super) fn tasks(path: &Path, behaviours: &[String]) -> Result<Vec<u8>, DatasetError> {
    let indices = Int64Array::from_iter_values(0..behaviours.len() as i64);
    let texts = StringArray::from_iter_values(behaviours);
    let column = |name: &str, pandas: &str, numpy: &str| {
        json!({"name": name, "field_name": name, "pandas_type": pandas, "numpy_type": numpy,
               "metadata": null})
    };
    let pandas = json!({
        "index_columns": ["task"],
        "column_indexes": [],
        "columns": [
            column("task_index", "int64", "int64"),
            column("task", "unicode", "object"),
        ],
    });
    let columns = vec![
        ("task_index", Arc::new(indices) as ArrayRef),
        ("task", Arc::new(texts)),
    ];
    let with_pandas = || -> Result<Vec<u8>, ParquetError> {
        let batch = batch(columns)?;
        let schema = batch.schema().as_ref().clone();
        let metadata = HashMap::from([("pandas".to_owned(), pandas.to_string())]);
        let schema = Arc::new(schema.with_metadata(metadata));
        encode(&batch.with_schema(schema)?, properties())
    };
    with_pandas().map_err(DatasetError::parquet(path))
}

/// Image files as LeRobot keeps them: their bytes, and a path that is empty because they are here.
fn images_of(images: &[Vec<u8>]) -> Result<ArrayRef, ArrowError> {
    let bytes = BinaryArray::from_iter_values(images);
    let paths = new_null_array(&DataType::Utf8, images.len());
    let fields = vec![
        Field::new("bytes", DataType::Binary, true),
        Field::new("path", DataType::Utf8, true),
    ];
    let columns = vec![Arc::new(bytes) as ArrayRef, paths];
    Ok(Arc::new(StructArray::try_new(
        fields.into(),
        columns,
        None,
    )?))
}

/// Rows of `dimension` values; LeRobot stores vectors of one component as plain numbers.
fn vectors_of(values: &[f32], dimension: usize) -> Result<ArrayRef, ArrowError> {
    let values: ArrayRef = Arc::new(Float32Array::from_iter_values(values.iter().copied()));
    if dimension == 1 {
        return Ok(values);
    }
    let item = Arc::new(Field::new("item", DataType::Float32, true));
    let size = i32::try_from(dimension)
        .map_err(|_| ArrowError::InvalidArgumentError(format!("{dimension} components")))?;
    Ok(Arc::new(FixedSizeListArray::try_new(
        item, size, values, None,
    )?))
}

/// Where parquet keeps the numbers of a vector column.
fn leaf(column: &str, dimension: usize) -> ColumnPath {
    let mut path = vec![column.to_owned()];
    if dimension > 1 {
        path.extend(["list".to_owned(), "item".to_owned()]);
    }
    ColumnPath::new(path)
}

fn properties() -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::Chunk)
}

fn batch<N: AsRef<str>>(columns: Vec<(N, ArrayRef)>) -> Result<RecordBatch, ParquetError> {
    let nullable = columns.into_iter().map(|(name, array)| (name, array, true));
    Ok(RecordBatch::try_from_iter_with_nullable(nullable)?)
}

fn encode(
    batch: &RecordBatch,
    properties: WriterPropertiesBuilder,
) -> Result<Vec<u8>, ParquetError> {
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties.build()))?;
    writer.write(batch)?;
    writer.into_inner()
}

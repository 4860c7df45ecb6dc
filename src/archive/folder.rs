//! Folders of data files: AWS's exports to S3, verified by their manifests, and dynamodump's.
//!
//! Source: "DynamoDB table export output format" in the developer guide; dynamodump's README.

use std::fs;
use std::path::{Path, PathBuf};

use md5::{Digest as _, Md5};
use serde::Deserialize;

use crate::error::{Context as _, Error, Result};

const SUMMARY: &str = "manifest-summary.json";
const FILES: &str = "manifest-files.json";
const SCHEMA: &str = "schema.json";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    item_count: Option<u64>,
    output_format: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    item_count: u64,
    md5_checksum: Option<String>,
    data_file_s3_key: String,
}

/// A file of items.
#[derive(Debug)]
pub(super) struct DataFile {
    /// `None` for stdin.
    pub(super) path: Option<PathBuf>,
    /// What a manifest says about its contents.
    pub(super) expected: Option<Expected>,
}

#[derive(Debug)]
pub(super) struct Expected {
    pub(super) items: u64,
    /// In base64.
    pub(super) md5: Option<String>,
}

/// The data files of the export in `folder`: those of its manifest, or all that are there when only
/// data files were downloaded.
pub(super) fn data_files(folder: &Path) -> Result<Vec<DataFile>> {
    let Some(export) = export_folder(folder)? else {
        // Dynamodump puts a table's description next to the folder of its items.
        let dump = folder_with(SCHEMA, folder)?.map(|dump| dump.join("data")).filter(|data| data.is_dir());
        return files_in(dump.as_deref().unwrap_or(folder));
    };
    let path = export.join(SUMMARY);
    if path.exists() {
        let text = vouched_for(&path)?;
        let summary: Summary = serde_json::from_str(&text)
            .or_failed(|| format!("{} is not an export summary", path.display()))?;
        let format = summary.output_format.as_deref().unwrap_or("DYNAMODB_JSON");
        if format != "DYNAMODB_JSON" {
            return Err(Error::failed(format!("{} says the export format is {format}", path.display()))
                .hint("export as DynamoDB JSON instead; Amazon Ion cannot be imported"));
        }
        let listed = listed(&export)?;
        let sum: u64 = listed.iter().map(|file| file.item_count).sum();
        if summary.item_count.is_some_and(|count| count != sum) {
            return Err(Error::failed(format!(
                "{} says {} items, but {FILES} lists {sum}",
                path.display(),
                summary.item_count.unwrap_or_default()
            )));
        }
    }
    listed(&export)?.into_iter().map(|file| located(&export, file)).collect()
}

/// The folder with the manifests: `folder` itself, or the only one inside it.
fn export_folder(folder: &Path) -> Result<Option<PathBuf>> {
    for above in [folder.to_owned(), folder.join("AWSDynamoDB")] {
        if let Some(found) = folder_with(FILES, &above)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The folder that contains this file: `above` itself, or the only one inside it.
fn folder_with(file: &str, above: &Path) -> Result<Option<PathBuf>> {
    if above.join(file).exists() {
        return Ok(Some(above.to_owned()));
    }
    let mut found = names(above).unwrap_or_default();
    found.retain(|path| path.join(file).exists());
    found.sort();
    match found.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(only.clone())),
        [first, .., last] => Err(Error::usage(format!(
            "{} holds {} exports, from {} to {}; name one",
            above.display(),
            found.len(),
            first.display(),
            last.display()
        ))),
    }
}

fn listed(export: &Path) -> Result<Vec<Listed>> {
    let path = export.join(FILES);
    let text = vouched_for(&path)?;
    let mut listed = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let file = serde_json::from_str(line)
            .or_failed(|| format!("{}:{}: not a data file entry", path.display(), number + 1))?;
        listed.push(file);
    }
    Ok(listed)
}

/// The text of a manifest. Its MD5 must match the file next to it. The developer guide calls that
/// file `.checksum`; real exports name it `.md5`.
fn vouched_for(path: &Path) -> Result<String> {
    let read = |path: &Path| fs::read_to_string(path).or_failed(|| format!("cannot read {}", path.display()));
    let beside = path.with_extension("md5");
    if !beside.exists() {
        return Err(Error::failed(format!(
            "{} is missing, so {} cannot be verified",
            beside.display(),
            path.display()
        ))
        .hint("download the whole export, with its .md5 files")
        .hint("to import the data files without the manifests, name their folder"));
    }
    let (text, wanted) = (read(path)?, read(&beside)?);
    let found = aws_smithy_types::base64::encode(Md5::digest(&text));
    if found != wanted.trim() {
        return Err(Error::failed(format!(
            "{} is damaged: its MD5 should be {} (from {}), but is {found}",
            path.display(),
            wanted.trim(),
            beside.display()
        ))
        .hint("download both again"));
    }
    Ok(text)
}

/// Finds a data file that the manifest names by its S3 key: next to the manifest, or for an
/// incremental export in the folder that all exports share.
fn located(export: &Path, listed: Listed) -> Result<DataFile> {
    let key = Path::new(&listed.data_file_s3_key);
    let name = key.file_name().unwrap_or_default();
    let shared = export.parent().unwrap_or(export);
    let places = [export.join("data").join(name), shared.join("data").join(name), export.join(name)];
    let Some(path) = places.iter().find(|path| path.is_file()) else {
        return Err(Error::failed(format!(
            "{} lists {}, which is not in {}",
            export.join(FILES).display(),
            listed.data_file_s3_key,
            export.join("data").display()
        ))
        .hint("download the whole export, with its data folder"));
    };
    let expected = Expected { items: listed.item_count, md5: listed.md5_checksum };
    Ok(DataFile { path: Some(path.clone()), expected: Some(expected) })
}

fn files_in(folder: &Path) -> Result<Vec<DataFile>> {
    let is_data = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let endings = [".json", ".json.gz", ".json.zst", ".ndjson", ".ndjson.gz", ".ndjson.zst"];
        path.is_file() && endings.iter().any(|ending| name.ends_with(ending))
    };
    let mut files: Vec<PathBuf> = names(folder)?.into_iter().filter(is_data).collect();
    files.sort();
    if files.is_empty() {
        return Err(Error::failed(format!("there is no data file in {}", folder.display()))
            .hint("an AWS export has manifest-files.json and data/*.json.gz"));
    }
    Ok(files.into_iter().map(|path| DataFile { path: Some(path), expected: None }).collect())
}

fn names(folder: &Path) -> Result<Vec<PathBuf>> {
    let what = || format!("cannot read {}", folder.display());
    fs::read_dir(folder).or_failed(what)?.map(|entry| Ok(entry.or_failed(what)?.path())).collect()
}

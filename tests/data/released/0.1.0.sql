-- The lake as tomlake 0.1.0 made it, with two points and their papers.
CALL lake.set_option('parquet_compression', 'zstd');
CALL lake.set_option('parquet_version', 2);
CALL lake.set_option('parquet_row_group_size', 20480);
CREATE TABLE lake.photometry (
  "point_id" BIGINT,
  "target_id" BIGINT,
  "source" VARCHAR,
  "source_ref" VARCHAR,
  "mjd" DOUBLE,
  "bjd_tdb" DOUBLE,
  "exptime_s" DOUBLE,
  "band" VARCHAR,
  "mag" DOUBLE,
  "mag_err" DOUBLE,
  "flux_ujy" DOUBLE,
  "flux_err_ujy" DOUBLE,
  "limit_mag" DOUBLE,
  "facility" VARCHAR,
  "camera" VARCHAR,
  "observer" VARCHAR,
  "calib_version" VARCHAR,
  "flags" UINTEGER,
  "batch_id" VARCHAR
);
ALTER TABLE lake.photometry SET PARTITIONED BY (bucket(16, target_id));
ALTER TABLE lake.photometry SET SORTED BY (target_id, mjd);
CREATE TABLE lake.batches (
  "batch_id" VARCHAR,
  "task" VARCHAR,
  "source" VARCHAR,
  "target_id" BIGINT,
  "code_version" VARCHAR,
  "parameters" VARCHAR,
  "raw_sha256" VARCHAR,
  "made_mjd" DOUBLE,
  "by" VARCHAR
);
CREATE TABLE lake.frames (
  "frame_id" VARCHAR,
  "upload_id" BIGINT,
  "target_id" BIGINT,
  "file" VARCHAR,
  "plane" VARCHAR,
  "status" VARCHAR,
  "code" VARCHAR,
  "reason" VARCHAR,
  "sentences" VARCHAR[],
  "notes" VARCHAR[],
  "dry_run" BOOLEAN,
  "mjd" DOUBLE,
  "exptime_s" DOUBLE,
  "filter_name" VARCHAR,
  "band" VARCHAR,
  "mag" DOUBLE,
  "mag_err" DOUBLE,
  "stat_err_mag" DOUBLE,
  "sys_err_mag" DOUBLE,
  "limit_mag" DOUBLE,
  "zero_point_mag" DOUBLE,
  "zero_point_err_mag" DOUBLE,
  "scatter_mag" DOUBLE,
  "stars" BIGINT,
  "seeing_arcsec" DOUBLE,
  "aperture_pix" DOUBLE,
  "solution_method" VARCHAR,
  "solution_rms_arcsec" DOUBLE,
  "solution_matched" BIGINT,
  "pixel_scale_arcsec" DOUBLE,
  "wcs_header" VARCHAR,
  "cutout_sha256" VARCHAR,
  "raw_sha256" VARCHAR,
  "facility" VARCHAR,
  "camera" VARCHAR,
  "observer" VARCHAR,
  "calib_version" VARCHAR,
  "flags" UINTEGER,
  "batch_id" VARCHAR,
  "made_mjd" DOUBLE
);
ALTER TABLE lake.frames SET SORTED BY (target_id, mjd);
CREATE TABLE lake.calibrations (
  "frame_id" VARCHAR,
  "upload_id" BIGINT,
  "target_id" BIGINT,
  "band" VARCHAR,
  "chosen" BOOLEAN,
  "catalogue" VARCHAR,
  "zero_point_mag" DOUBLE,
  "zero_point_err_mag" DOUBLE,
  "colour_term" DOUBLE,
  "colour_term_err" DOUBLE,
  "colour_name" VARCHAR,
  "colour_zero_mag" DOUBLE,
  "scatter_mag" DOUBLE,
  "intrinsic_mag" DOUBLE,
  "stars" BIGINT,
  "outlier_fraction" DOUBLE,
  "is_good" BOOLEAN,
  "probability" DOUBLE,
  "batch_id" VARCHAR
);
CREATE TABLE lake.frame_stars (
  "frame_id" VARCHAR,
  "upload_id" BIGINT,
  "target_id" BIGINT,
  "ref_id" VARCHAR,
  "x" DOUBLE,
  "y" DOUBLE,
  "ra_deg" DOUBLE,
  "dec_deg" DOUBLE,
  "inst_mag" DOUBLE,
  "inst_mag_err" DOUBLE,
  "ref_mag" DOUBLE,
  "residual_mag" DOUBLE,
  "used" BOOLEAN,
  "flags" UINTEGER,
  "batch_id" VARCHAR
);
ALTER TABLE lake.frame_stars SET SORTED BY (upload_id, frame_id);
CREATE TABLE lake.reference_stars (
  "cell" BIGINT,
  "origin" VARCHAR,
  "ref_id" VARCHAR,
  "ra_deg" DOUBLE,
  "dec_deg" DOUBLE,
  "epoch" DOUBLE,
  "pm_ra_mas_yr" DOUBLE,
  "pm_dec_mas_yr" DOUBLE,
  "bp_rp_mag" DOUBLE,
  "variable" BOOLEAN,
  "catalogue" VARCHAR,
  "band" VARCHAR,
  "mag" DOUBLE,
  "mag_err" DOUBLE,
  "batch_id" VARCHAR
);
ALTER TABLE lake.reference_stars SET SORTED BY (cell, ref_id);
CREATE TABLE lake.reference_cells (
  "cell" BIGINT,
  "stars" BIGINT,
  "made_mjd" DOUBLE,
  "batch_id" VARCHAR
);
INSERT INTO lake.photometry (point_id, target_id, source, source_ref, mjd, band, mag, mag_err, flags, batch_id)
  VALUES (-1, 7, 'ztf', '0', 60000.5, 'ZTF(zg)', 17.25, 0.05, 0, 'first');
INSERT INTO lake.photometry (point_id, target_id, source, source_ref, mjd, band, mag, mag_err, flags, batch_id)
  VALUES (0, 7, 'ztf', '1', 60001.5, 'ZTF(zg)', 17.5, 0.05, 0, 'first');
INSERT INTO lake.batches (batch_id, task, source, target_id, code_version, parameters, raw_sha256, made_mjd, "by")
  VALUES ('first', 'harvest', 'ztf', 7, '0.1.0', '{}', repeat('ab', 32), 60002.0, 'ada');

"""Six questions that the public lake answers, as SQL that whoever reads it may change."""

from dataclasses import dataclass

from portal.words import marked


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A question, its SQL, and the columns of its answer that are worth a chart."""

    question: str
    sql: str
    x: str = ""
    y: str = ""
    colour: str = ""


EXAMPLES: tuple[Example, ...] = (
    Example(
        question=marked("What is watched?"),
        x="points",
        y="name",
        colour="classification",
        sql="""\
SELECT name, classification, points, round(last_mjd - first_mjd) AS span_d, last_mjd
FROM targets
WHERE points > 0
ORDER BY points DESC, name
LIMIT 30""",
    ),
    Example(
        question=marked("One light curve"),
        x="mjd",
        y="mag",
        colour="band",
        sql="""\
-- the target with most points; or write: WHERE target = 'its name'
SELECT mjd, band, mag, mag_err, facility, observer
FROM photometry
WHERE target_id = (SELECT target_id FROM targets ORDER BY points DESC, name LIMIT 1)
  AND mag IS NOT NULL
  AND flags IN (0, 1)  -- 0 is a clean point, 1 a clean simulated one
ORDER BY mjd""",
    ),
    Example(
        question=marked("What changed lately?"),
        x="brighter_by_mag",
        y="target",
        colour="band",
        sql="""\
-- each target's last 30 days against all that came before, in one and the same band
WITH dated AS (
    SELECT target, band, mag, mjd > max(mjd) OVER (PARTITION BY target) - 30 AS is_new
    FROM photometry
    WHERE mag IS NOT NULL AND flags IN (0, 1)
)
SELECT target, band,
       round(median(mag) FILTER (NOT is_new) - median(mag) FILTER (is_new), 3) AS brighter_by_mag,
       count(*) FILTER (is_new) AS new_points
FROM dated
GROUP BY target, band
HAVING count(*) FILTER (is_new) >= 3 AND count(*) FILTER (NOT is_new) >= 10
ORDER BY abs(brighter_by_mag) DESC
LIMIT 20""",
    ),
    Example(
        question=marked("Who observed?"),
        x="points",
        y="facility",
        colour="source",
        sql="""\
SELECT coalesce(facility, '') AS facility, coalesce(observer, '') AS observer, source,
       count(*) AS points, count(DISTINCT target_id) AS targets, max(mjd) AS last_mjd
FROM photometry
GROUP BY ALL
ORDER BY points DESC
LIMIT 50""",
    ),
    Example(
        question=marked("How often?"),
        x="typical_gap_d",
        y="target",
        sql="""\
-- the typical wait from one night with points to the next
WITH nights AS (
    SELECT DISTINCT target, floor(mjd) AS night FROM photometry
), gaps AS (
    SELECT target, night - lag(night) OVER (PARTITION BY target ORDER BY night) AS gap_d FROM nights
)
SELECT target, median(gap_d) AS typical_gap_d, max(gap_d) AS longest_gap_d, count(*) AS nights
FROM gaps
GROUP BY target
HAVING count(gap_d) >= 2
ORDER BY typical_gap_d
LIMIT 30""",
    ),
    Example(
        question=marked("How precise?"),
        x="mag",
        y="typical_err_mag",
        colour="band",
        sql="""\
-- the error bars of each band, by brightness in steps of half a magnitude
SELECT band, round(mag * 2) / 2 AS mag, round(median(mag_err), 4) AS typical_err_mag, count(*) AS points
FROM photometry
WHERE mag_err > 0 AND flags IN (0, 1)
GROUP BY band, round(mag * 2) / 2
HAVING count(*) >= 5
ORDER BY 2, 1""",
    ),
)

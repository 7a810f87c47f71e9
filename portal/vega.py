"""A chart as a page hands it to Streamlit, which brings the rows and the theme."""

import altair as alt

Spec = dict[str, object]
_BROUGHT = ("data", "config", "$schema")  # the rows come with the page, the theme from Streamlit
# A chart is described in words by `alt`, and its numbers stand in a table: a voice that read out every mark
# would read for hours, and layers without rows would be pictures without a name.
_SILENT_MARKS = {"mark": {"aria": False}}


def spec_of(chart: alt.Chart | alt.LayerChart | alt.FacetChart) -> Spec:
    """Return what is drawn, without rows and theme."""
    drawn = {name: part for name, part in chart.to_dict().items() if name not in _BROUGHT}
    return {**drawn, "config": _SILENT_MARKS}

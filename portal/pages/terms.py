"""Terms: what people agree to who have an account here."""

import streamlit as st

from portal.accounts import joining
from portal.words import _

st.title(_("Terms of use"))
terms = joining.terms()
if terms is None:
    st.markdown(_("This portal has no terms of use of its own."))
    st.stop()
st.caption(_("Version {version}", version=terms.version))
st.text(terms.text, width=760)

"""Terms: what people agree to who have an account here."""

import streamlit as st

from portal.accounts import joining

st.title("Terms of use")
terms = joining.terms()
if terms is None:
    st.markdown("This portal has no terms of use of its own.")
    st.stop()
st.caption(f"Version {terms.version}")
st.text(terms.text, width=760)

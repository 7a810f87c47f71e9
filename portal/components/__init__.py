"""Browser components that Streamlit does not have."""

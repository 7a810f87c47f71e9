"""Notices: what people are told of, in the portal and by mail, and what they wish to hear of."""

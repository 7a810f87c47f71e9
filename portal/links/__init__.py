"""What a link to the portal shows elsewhere: title, description and picture."""

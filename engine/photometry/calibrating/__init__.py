"""Behind the zero point: candidate bands, colours, robust fits, and what few stars are worth."""

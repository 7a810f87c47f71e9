"""SQL of strangers over the published lake: one SELECT in a process that can reach nothing else."""

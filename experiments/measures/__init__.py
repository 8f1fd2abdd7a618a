"""What experiments measure: of losses, images, creases, partitions, samples of runs."""

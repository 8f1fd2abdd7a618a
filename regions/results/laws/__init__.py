"""The network written out, region by region: for files, MATLAB and C."""

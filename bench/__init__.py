"""Side-by-side benchmarks: what the platform costs against the bare engines, measured in one run."""

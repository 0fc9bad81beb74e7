"""Frames, with the columns and types of an example."""


class PandasParameterType:
    def __init__(self, sample_input, enforce_column_type=True, enforce_shape=True, apply_column_names=False, orient="records"):
        self.sample_input = sample_input
        self.orient = orient
        self.apply_column_names = apply_column_names

    def deserialize_input(self, value):
        import pandas

        if self.orient == "split":
            frame = pandas.DataFrame(value["data"], columns=value.get("columns"), index=value.get("index"))
        elif self.orient == "index":
            frame = pandas.DataFrame.from_dict(value, orient="index")
        else:
            frame = pandas.DataFrame(value)
        if self.apply_column_names:
            frame.columns = self.sample_input.columns
        for name, kind in self.sample_input.dtypes.items():
            if name in frame.columns:
                frame[name] = frame[name].astype(kind)
        return frame

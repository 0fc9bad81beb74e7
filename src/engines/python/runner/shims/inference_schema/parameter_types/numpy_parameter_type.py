"""Arrays, of the datatype of an example."""


class NumpyParameterType:
    def __init__(self, input_sample, enforce_column_type=True, enforce_shape=True):
        self.sample_input = input_sample

    def deserialize_input(self, value):
        import numpy

        return numpy.array(value, dtype=self.sample_input.dtype)

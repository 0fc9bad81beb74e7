"""Values as JSON has them, and objects whose fields are of other types."""


class StandardPythonParameterType:
    def __init__(self, sample_input=None, **_options):
        self.sample_input = sample_input

    def deserialize_input(self, value):
        fields = self.sample_input if isinstance(self.sample_input, dict) else {}
        if not isinstance(value, dict):
            return value
        return {
            name: fields[name].deserialize_input(each) if hasattr(fields.get(name), "deserialize_input") else each
            for name, each in value.items()
        }

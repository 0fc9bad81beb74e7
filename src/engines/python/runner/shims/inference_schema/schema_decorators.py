"""`input_schema` and `output_schema`: run() then takes what it names, made from the fields of the request."""

import functools


def input_schema(param_name, param_type, convert_to_provided_type=True, optional=False):
    def decorate(function):
        @functools.wraps(function)
        def run(*arguments, **fields):
            if convert_to_provided_type and param_name in fields:
                fields[param_name] = param_type.deserialize_input(fields[param_name])
            return function(*arguments, **fields)

        run._slipway_schema = True
        return run

    return decorate


def output_schema(output_type):
    def decorate(function):
        return function

    return decorate

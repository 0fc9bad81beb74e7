class UnsupportedFormatError(Exception):
    def __init__(self, content_type, **_options):
        super().__init__("content type %s is not supported" % content_type)


class BaseInferenceToolkitError(Exception):
    def __init__(self, status_code, message, phrase=""):
        super().__init__(message)
        self.status_code = status_code
        self.message = message
        self.phrase = phrase


class GenericInferenceToolkitError(BaseInferenceToolkitError):
    pass

"""`bluegreen.yaml`: read, merged, checked.

Start with `load.load_config`. Nothing is imported here, so that a caller that needs one small module pays for that
module only; pydantic and yaml are imported by `schema` and `source`, and nowhere outside this package.
"""

"""Judges values by the schemas of contract.json. Standard library only."""

import json
import os
import re

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float)}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


class Contract:
    def __init__(self, path=os.path.join(os.path.dirname(os.path.abspath(__file__)), "contract.json")):
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        self.version = document["version"]
        self.definitions = document["definitions"]
        self.operations = {(each["method"], each["path"]): each for each in document["operations"]}

    def resolve(self, schema):
        """The schema with its references and `allOf` worked in, one level deep."""
        if "$ref" in schema:
            rest = {key: value for key, value in schema.items() if key != "$ref"}
            return {**self.resolve(self.definitions[schema["$ref"].rsplit("/", 1)[1]]), **rest}
        if "allOf" not in schema:
            return schema
        whole = {key: value for key, value in schema.items() if key != "allOf"}
        whole["properties"], whole["required"] = dict(whole.get("properties", {})), list(whole.get("required", []))
        for part in map(self.resolve, schema["allOf"]):
            whole["properties"].update(part.get("properties", {}))
            whole["required"] += part.get("required", [])
            for key, value in part.items():
                whole.setdefault(key, value)
        return whole

    def faults(self, schema, value, where="", seen=None):
        """What contradicts the schema, as texts. `seen` collects the documented members that were there, `extra` those
        that are not documented."""
        schema = self.resolve(schema)
        if value is None:
            return [] if schema.get("x-nullable") else [f"{where}: null, which is not documented"]
        kind = schema.get("type") or ("object" if "properties" in schema else None)
        if kind is None:
            return []
        if not isinstance(value, TYPES[kind]) or (kind in ("integer", "number") and isinstance(value, bool)):
            return [f"{where}: {json.dumps(value)[:60]} is no {kind}"]
        return self._bounds(schema, value, where) + self._members(schema, value, where, seen)

    def _bounds(self, schema, value, where):
        found = []
        if "enum" in schema and value not in schema["enum"]:
            found.append(f"{where}: {json.dumps(value)} is none of {schema['enum']}")
        if isinstance(value, str):
            if "pattern" in schema and not re.search(schema["pattern"], value):
                found.append(f"{where}: {value!r} is not as {schema['pattern']}")
            if schema.get("format") in ("date-time", "dateTime") and value and not TIME.fullmatch(value):
                found.append(f"{where}: {value!r} is no time")
            if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
                found.append(f"{where}: {len(value)} characters")
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
                found.append(f"{where}: {value} is out of its range")
            bits = {"int32": 31, "int64": 63, "uint16": 16, "uint32": 32, "uint64": 64}.get(schema.get("format"))
            if bits and not -(1 << bits) <= value < 1 << bits:
                found.append(f"{where}: {value} is no {schema['format']}")
        return found

    def _members(self, schema, value, where, seen):
        found = []
        if isinstance(value, list) and "items" in schema:
            for index, each in enumerate(value):
                found += self.faults(schema["items"], each, f"{where}[]", seen)
        if not isinstance(value, dict):
            return found
        properties, others = schema.get("properties", {}), schema.get("additionalProperties")
        for name in schema.get("required", []):
            if name not in value:
                found.append(f"{where}: {name} is missing, which is required")
        for name, each in value.items():
            here = f"{where}.{name}" if where else name
            if name in properties:
                if seen is not None:
                    seen["there"].add(here)
                found += self.faults(properties[name], each, here, seen)
            elif isinstance(others, dict):
                found += self.faults(others, each, f"{where}.*", seen)
            elif seen is not None and properties:
                seen["extra"].add(here)
        return found

    def names(self, schema, where="", depth=0):
        """The names of all documented members, as `faults` writes them."""
        schema, out = self.resolve(schema), set()
        if depth > 8:
            return out
        if "items" in schema:
            out |= self.names(schema["items"], f"{where}[]", depth + 1)
        if isinstance(schema.get("additionalProperties"), dict):
            out |= self.names(schema["additionalProperties"], f"{where}.*", depth + 1)
        for name, member in schema.get("properties", {}).items():
            here = f"{where}.{name}" if where else name
            out |= {here} | self.names(member, here, depth + 1)
        return out

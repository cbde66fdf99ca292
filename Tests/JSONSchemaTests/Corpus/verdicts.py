"""Prints what kubernetes-validate says of each document of a corpus file: one line "valid",
"broken: <why>" or "unknown" (no schema for the kind) per document, in order."""
import re
import sys

import kubernetes_validate
import yaml

VERSION = "1.32"
with open(sys.argv[1], encoding="utf-8") as file:
    chunks = re.split(r"^---$", file.read(), flags=re.MULTILINE)
for chunk in chunks:
    try:
        kubernetes_validate.validate(yaml.safe_load(chunk), VERSION, strict=True)
        print("valid")
    except kubernetes_validate.SchemaNotFoundError:
        print("unknown")
    except kubernetes_validate.ValidationError as error:
        print("broken: " + error.message.replace("\n", " ")[:100])

"""Transforms template.yaml into plain CloudFormation, as AWS does when a stack is deployed. See infra/transform."""

import copy
import json
import logging
import os
import pathlib
import sys

os.environ["AWS_DEFAULT_REGION"] = "us-east-1"  # the translator only needs the name of a region

from samtranslator.model.exceptions import InvalidDocumentException  # noqa: E402
from samtranslator.translator.transform import transform  # noqa: E402
from samtranslator.yaml_helper import yaml_parse  # noqa: E402

logging.disable(logging.CRITICAL)
TEMPLATE = pathlib.Path(__file__).resolve().parent.parent / "template.yaml"


class ManagedPolicies:
    """Returns the ARNs of managed policies, for which the translator would call IAM."""

    @staticmethod
    def load():
        names = (
            "AWSXrayWriteOnlyAccess",
            "AWSXRayDaemonWriteAccess",
            "service-role/AWSCodeDeployRoleForLambda",
            "service-role/AWSLambdaBasicExecutionRole",
        )
        return {name.rsplit("/", 1)[-1]: f"arn:aws:iam::aws:policy/{name}" for name in names}


def read():
    """Returns the template with the code at an address in S3, as after an upload by `sam deploy`."""
    template = yaml_parse(TEMPLATE.read_text(encoding="utf-8"))
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            properties["CodeUri"] = "s3://code/" + properties["CodeUri"].strip("/")
    return template


def transformed(template, parameters):
    """Returns the transformed template."""
    try:
        return transform(copy.deepcopy(template), parameters, ManagedPolicies())
    except InvalidDocumentException as e:
        sys.exit("transform: " + "\n".join([e.message] + [cause.message for cause in e.causes]))


def main():
    template = read()
    if sys.argv[1] != "-":
        directory = pathlib.Path(sys.argv[1])
        for canary in ("false", "true"):
            result = transformed(template, {"EnableCanary": canary})
            (directory / f"canary-{canary}.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
        return
    json.dump([transformed(template, parameters) for parameters in json.load(sys.stdin)], sys.stdout)


main()

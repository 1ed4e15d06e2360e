"""Adapts a transformed template to ministack, and prints it. See infra/deploy-ministack.

    ministack.py CODE <transformed.json >adapted.json

CODE is the directory of the functions' binaries. Each change works around one limit of ministack 1.5.33:

- It ignores the Body of an HTTP API. Every operation becomes a Route, and every function an Integration.
- It rejects alarms over an expression. They become alarms over the first of their metrics.
- Ref of a secret returns its name; AWS returns its ARN. Ref becomes GetAtt of Id, which is the ARN on both.
- It ignores the EventInvokeConfig of an alias. The Qualifier becomes $LATEST, which the test invokes.
- It authorizes SendMessageBatch as a separate action; AWS as SendMessage. Policies that allow SendMessage get both.
- It authorizes SendEmail of SES v2 on the resource "*". Policies that allow it get that resource.

Limits without a workaround, which the tests in infra/e2e avoid:

- AWS::CodeDeploy does not exist, so EnableCanary stays off.
- dynamodb:LeadingKeys is ignored. IAM is enforced otherwise: actions and resources.
- Throttles of routes, reserved concurrency and alarms' actions have no effect.
- Schedules start at most once in ten seconds, and <aws.scheduler.scheduled-time> in their input is not replaced.
- SES sends no events to EventBridge.
- The failures that a function reports of a batch of stream records are ignored, so nothing reaches RelayFailures.
- SQS has no ListDeadLetterSourceQueues.
- A null list of batchItemFailures stops the delivery of a queue. AWS treats it as success.
- Architectures is ignored: the functions are built for this machine.
"""

import json
import re
import sys

METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "x-amazon-apigateway-any-method")


def integrations(api, body):
    """Returns the Route and Integration resources for the operations in the Body of an API."""
    resources = {}
    for path, operations in body["paths"].items():
        for method, operation in operations.items():
            if method not in METHODS:
                sys.exit(f"ministack: {path} has an unknown key {method}")
            integration = operation["x-amazon-apigateway-integration"]
            alias = re.search(r"functions/\$\{(\w+)\}/invocations", integration["uri"]["Fn::Sub"]).group(1)
            resources[alias + "Integration"] = {
                "Type": "AWS::ApiGatewayV2::Integration",
                "Properties": {
                    "ApiId": {"Ref": api},
                    "IntegrationType": "AWS_PROXY",
                    "IntegrationUri": {"Ref": alias},
                    "PayloadFormatVersion": integration["payloadFormatVersion"],
                },
            }
            resources[f"Route{len(resources)}"] = {
                "Type": "AWS::ApiGatewayV2::Route",
                "Properties": {
                    "ApiId": {"Ref": api},
                    "RouteKey": route_key(method, path),
                    "Target": {"Fn::Sub": "integrations/${" + alias + "Integration}"},
                },
            }
    return resources


def route_key(method, path):
    if path in ("$default", "/$default"):
        return "$default"
    return ("ANY" if method == METHODS[-1] else method.upper()) + " " + path


def first_metric(alarm):
    """Changes the properties of an alarm over an expression to an alarm over its first metric."""
    metric = next(m for m in alarm.pop("Metrics") if "MetricStat" in m)["MetricStat"]
    alarm.update(metric["Metric"], Period=metric["Period"])
    statistic = "ExtendedStatistic" if metric["Stat"].startswith("p") else "Statistic"
    alarm[statistic] = metric["Stat"]


def as_emulator_authorizes(role):
    """Changes the policies of a role to the actions and resources by which the emulator authorizes a call."""
    for policy in role.get("Policies", []):
        for statement in map(unconditional, policy["PolicyDocument"]["Statement"]):
            if "sqs:SendMessage" in statement["Action"]:
                statement["Action"] = [*statement["Action"], "sqs:SendMessageBatch"]
            if "ses:SendEmail" in statement["Action"]:
                statement["Resource"] = "*"


def unconditional(statement):
    """Returns the statement, without a condition on which the template includes it."""
    return statement["Fn::If"][1] if "Fn::If" in statement else statement


def with_arns(value, secrets):
    if isinstance(value, dict):
        if value.keys() == {"Ref"} and value["Ref"] in secrets:
            return {"Fn::GetAtt": [value["Ref"], "Id"]}
        return {k: with_arns(v, secrets) for k, v in value.items()}
    if isinstance(value, list):
        return [with_arns(v, secrets) for v in value]
    return value


def main():
    template = json.load(sys.stdin)
    resources = template["Resources"]
    for name, resource in list(resources.items()):
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::ApiGatewayV2::Api":
            resources.update(integrations(name, properties.pop("Body")))
            properties.pop("FailOnWarnings", None)
            properties.update(ProtocolType="HTTP", Name={"Ref": "AWS::StackName"})
        if resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in properties:
            first_metric(properties)
        if resource["Type"] == "AWS::Lambda::EventInvokeConfig":
            properties["Qualifier"] = "$LATEST"
        if resource["Type"] == "AWS::IAM::Role":
            as_emulator_authorizes(properties)
        if resource["Type"] == "AWS::Lambda::Function":
            key = properties["Code"]["S3Key"]  # build/<function>, see infra/transform
            properties["Code"] = sys.argv[1] + "/" + key.rsplit("/", 1)[-1]
    secrets = {n for n, r in resources.items() if r["Type"] == "AWS::SecretsManager::Secret"}
    json.dump(with_arns(template, secrets), sys.stdout, indent=1)


main()

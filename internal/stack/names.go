package stack

import "strings"

// A Deployment states where a stack is deployed. Names uses it to derive the names of the stack's resources.
type Deployment struct {
	Region    string // an AWS region, such as eu-west-1
	Account   string // an account ID with twelve digits
	StackName string
	Resources Values // values that replace the values from Names, by key
}

// Names returns values for the pseudo parameters and for every resource of the template. As in AWS, a reference (Ref)
// to a table gives its name, one to a queue gives its URL, and one to a secret gives its ARN. If AWS would generate a
// random name, Names uses the stack's name and the logical ID. The result does not contain the template's parameters.
func (t *Template) Names(d Deployment) Values {
	v := Values{
		"AWS::Region": d.Region, "AWS::AccountId": d.Account, "AWS::StackName": d.StackName,
		"AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com",
		"AWS::StackId": d.arn("cloudformation", "stack/"+d.StackName+"/0"),
	}
	for id, r := range t.Resources {
		d.name(v, id, r.Type)
	}
	for name, value := range d.Resources {
		v[name] = value
	}
	return v
}

// name adds the values of Ref and Fn::GetAtt for a resource. The CloudFormation reference of each resource type lists
// them under "Return values". For a type that this function does not know, it adds only the name.
func (d Deployment) name(v Values, id, kind string) {
	name := d.StackName + "-" + id
	v[id] = name
	switch kind {
	case "AWS::DynamoDB::Table":
		v[id+".Arn"] = d.arn("dynamodb", "table/"+name)
		v[id+".StreamArn"] = d.arn("dynamodb", "table/"+name+"/stream/2026-01-01T00:00:00.000")
	case "AWS::SQS::Queue":
		v[id] = "https://sqs." + d.Region + ".amazonaws.com/" + d.Account + "/" + name
		v[id+".Arn"] = d.arn("sqs", name)
		v[id+".QueueName"] = name
		v[id+".QueueUrl"] = v[id]
	case "AWS::SecretsManager::Secret":
		v[id] = d.arn("secretsmanager", "secret:"+name+"-a1b2c3")
		v[id+".Id"] = v[id]
	case "AWS::KMS::Key":
		v[id+".Arn"] = d.arn("kms", "key/"+name)
	case "AWS::SNS::Topic":
		v[id] = d.arn("sns", name)
		v[id+".TopicArn"] = v[id]
	case "AWS::Events::EventBus":
		v[id+".Arn"] = d.arn("events", "event-bus/"+name)
	case "AWS::Logs::LogGroup":
		v[id+".Arn"] = d.arn("logs", "log-group:"+name+":*")
	case "AWS::Serverless::Function", "AWS::Lambda::Function":
		v[id+".Arn"] = d.arn("lambda", "function:"+name)
	case "AWS::AppConfig::HostedConfigurationVersion":
		v[id+".VersionNumber"] = "1"
	case "AWS::IAM::Role":
		v[id+".Arn"] = strings.Join([]string{"arn:aws:iam:", d.Account, "role/" + name}, ":")
	}
}

func (d Deployment) arn(service, resource string) string {
	return strings.Join([]string{"arn:aws", service, d.Region, d.Account, resource}, ":")
}

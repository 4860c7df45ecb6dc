//! `ddb schema-load --print`: the definition, for other programs.

use serde_json::{Map, Value, json};

use crate::support::{Proxy, Run, Sandbox, bare_cruddur, boto3, hcl};

/// All that changes what is printed.
const WAYS: [&[&str]; 4] = [
    &[],
    &["--billing", "on-demand"],
    &["--read-units", "7", "--write-units", "9", "--stream"],
    &["--deletion-protection", "--tag", "team=a \"quoted\" ${name} %{word} \\ one", "--tag", "a:b=c=d"],
];

fn printed(form: &str, way: &[&str]) -> Run {
    // Without a stack, credentials or a region.
    let words = ["--no-env-file", "ddb", "schema-load", "--table", "printed", "--print", form];
    Run::of(&mut bare_cruddur(words.iter().chain(way))).succeeds()
}

/// A table's description without what no two tables share.
fn described(endpoint: &str, table: &str) -> Value {
    let mut found =
        boto3(endpoint, "dynamodb", "describe_table", &json!({ "TableName": table }))["Table"].take();
    let text = found.to_string().replace(table, "TABLE");
    assert!(text.contains("TABLE"));
    found = serde_json::from_str(&text).unwrap();
    for own in ["TableId", "CreationDateTime", "LatestStreamArn", "LatestStreamLabel"] {
        found.as_object_mut().unwrap().remove(own);
    }
    found
}

#[test]
fn the_json_makes_the_table_that_schema_load_makes() {
    for way in WAYS {
        let sandbox = Sandbox::new();
        let proxy = Proxy::new(sandbox.endpoint(), "CreateTable", |_| None);
        let mut load = sandbox.command(["ddb", "schema-load", "--table", "loaded"].iter().chain(way));
        Run::of(load.env("AWS_ENDPOINT_URL_DYNAMODB", proxy.url())).succeeds();
        let request = printed("json", way).json();
        let mut sent = proxy.called_with().remove(0);
        sent["TableName"] = "printed".into();
        assert_eq!(request, sent, "{way:?}");
        // boto3 checks each parameter by AWS's own model of the service.
        boto3(&sandbox.endpoint(), "dynamodb", "create_table", &request);
        let [loaded, printed] = ["loaded", "printed"].map(|table| described(&sandbox.endpoint(), table));
        assert_eq!(printed, loaded, "{way:?}");
    }
}

#[test]
fn in_production_it_is_protected() {
    for form in ["json", "terraform", "cloudformation"] {
        let protected = |way: &[&str]| {
            let text = printed(form, way).stdout;
            text.contains("DeletionProtectionEnabled\": true")
                || text.contains("deletion_protection_enabled = true")
        };
        assert!(protected(&["--prod"]) && protected(&["--deletion-protection"]), "{form}");
        assert!(!protected(&[]) && !protected(&["--prod", "--no-deletion-protection"]), "{form}");
    }
}

/// The request again, from what CloudFormation's template says.
#[test]
fn the_template_has_the_same_parameters() {
    for way in WAYS {
        let template = printed("cloudformation", way).json();
        let resource = &template["Resources"]["MessagesTable"];
        assert_eq!(template["AWSTemplateFormatVersion"], "2010-09-09");
        assert_eq!(resource["Type"], "AWS::DynamoDB::Table");
        assert_eq!(
            (&resource["DeletionPolicy"], &resource["UpdateReplacePolicy"]),
            (&"Retain".into(), &"Retain".into())
        );
        let mut properties = resource["Properties"].clone();
        if let Some(stream) = properties.get_mut("StreamSpecification") {
            assert_eq!(stream, &json!({ "StreamViewType": "NEW_IMAGE" }));
            stream["StreamEnabled"] = true.into();
        }
        assert_eq!(properties, printed("json", way).json(), "{way:?}");
    }
}

/// The request again, from what a parser of HCL reads.
#[test]
fn terraform_says_the_same() {
    for way in WAYS {
        let text = printed("terraform", way).stdout;
        let parsed = hcl(&text);
        let table = &parsed["resource"][0]["aws_dynamodb_table"]["messages"];
        let mut request = Map::new();
        put(&mut request, "TableName", &table["name"]);
        put(&mut request, "BillingMode", &table["billing_mode"]);
        put(&mut request, "DeletionProtectionEnabled", &table["deletion_protection_enabled"]);
        request.insert("KeySchema".to_owned(), key(table));
        put(&mut request, "ProvisionedThroughput", &units(table));
        if table["stream_enabled"] == true {
            let stream = json!({ "StreamEnabled": true, "StreamViewType": table["stream_view_type"] });
            request.insert("StreamSpecification".to_owned(), stream);
        }
        let each = |name: &str, of: &dyn Fn(&Value) -> Value| -> Value {
            table[name].as_array().unwrap().iter().map(of).collect()
        };
        let attributes = each(
            "attribute",
            &|attribute| json!({ "AttributeName": attribute["name"], "AttributeType": attribute["type"] }),
        );
        request.insert("AttributeDefinitions".to_owned(), attributes);
        let indexes = each("global_secondary_index", &|index| {
            let projection = json!({ "ProjectionType": index["projection_type"] });
            let mut of = Map::new();
            put(&mut of, "IndexName", &index["name"]);
            put(&mut of, "KeySchema", &key(index));
            put(&mut of, "Projection", &projection);
            put(&mut of, "ProvisionedThroughput", &units(index));
            of.into()
        });
        request.insert("GlobalSecondaryIndexes".to_owned(), indexes);
        if let Some(tags) = table["tags"].as_object() {
            let tag = |(key, value): (&String, &Value)| json!({ "Key": key, "Value": value });
            request.insert("Tags".to_owned(), tags.iter().map(tag).collect());
        }
        // The parser leaves what stands for the beginning of a template as it is written.
        let mut expected = printed("json", way).json();
        for tag in expected.get_mut("Tags").and_then(Value::as_array_mut).into_iter().flatten() {
            let value = tag["Value"].as_str().unwrap();
            tag["Value"] = value.replace("${", "$${").replace("%{", "%%{").into();
        }
        assert_eq!(Value::from(request), expected, "{text}");
    }
}

fn put(map: &mut Map<String, Value>, name: &str, value: &Value) {
    if !value.is_null() {
        map.insert(name.to_owned(), value.clone());
    }
}

fn key(of: &Value) -> Value {
    let part = |name: &str, kind| json!({ "AttributeName": of[name], "KeyType": kind });
    json!([part("hash_key", "HASH"), part("range_key", "RANGE")])
}

fn units(of: &Value) -> Value {
    match (&of["read_capacity"], &of["write_capacity"]) {
        (Value::Null, Value::Null) => Value::Null,
        (read, write) => json!({ "ReadCapacityUnits": read, "WriteCapacityUnits": write }),
    }
}

#[test]
fn it_is_only_printed() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["ddb", "schema-load", "--print", "json"]).succeeds();
    assert_eq!(boto3(&sandbox.endpoint(), "dynamodb", "list_tables", &json!({}))["TableNames"], json!([]));
    for more in [&["--apply"][..], &["--apply", "--prune"], &["--yes", "--confirm", "x"]] {
        let words = ["ddb", "schema-load", "--print", "json"];
        sandbox.cruddur(words.iter().chain(more)).exits_with(2);
    }
    for words in [
        &["--billing", "on-demand", "--read-units", "5"][..],
        &["--write-units", "0"],
        &["--tag", "novalue"],
        &["--tag", "=value"],
        &["--deletion-protection", "--no-deletion-protection"],
    ] {
        let words = ["ddb", "schema-load"].iter().chain(words);
        assert_eq!(sandbox.cruddur(words).exits_with(2).stdout, "");
    }
}

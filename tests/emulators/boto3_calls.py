"""What boto3, botocore, a client of Cognito's, a library of JWTs and a parser of HCL, which are not
cruddur, say of a service, of a request, of a token and of a file.

Reads a JSON document a line from stdin and answers each with one on stdout.
"""

import base64
import json
import sys
from datetime import datetime
from decimal import Decimal

import boto3
from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
session = boto3.Session(**KEYS, region_name="us-east-1")
clients = {}


def call(endpoint, service, operation, arguments):
    """Calls the service; gives its answer."""
    key = (endpoint, service)
    if key not in clients:
        clients[key] = session.client(service, endpoint_url=endpoint)
    answer = getattr(clients[key], operation)(**arguments)
    answer.pop("ResponseMetadata")
    return answer


def attempt(endpoint, service, operation, arguments):
    """The same, or what the service refuses it with."""
    try:
        return {"answer": call(endpoint, service, operation, arguments)}
    except ClientError as error:
        return {"refusal": error.response["Error"]["Code"], "message": error.response["Error"]["Message"]}


def pycognito(endpoint, pool, client, username, method, arguments, tokens):
    """The tokens that pycognito has after a call, verified by it, or what the call is refused with."""
    from pycognito import Cognito
    from pycognito.exceptions import WarrantException

    user = Cognito(
        pool, client, username=username, boto3_client_kwargs={**KEYS, "endpoint_url": endpoint}, **tokens
    )
    try:
        getattr(user, method)(*arguments)
    except ClientError as error:
        return {"refusal": error.response["Error"]["Code"], "message": error.response["Error"]["Message"]}
    except WarrantException as error:
        return {"refusal": type(error).__name__, "message": str(error)}
    return {"answer": {name: getattr(user, name) for name in ("id_token", "access_token", "refresh_token")}}


def srp_answer(endpoint, pool, client, username, password):
    """pycognito's answer to the challenge of SRP, not sent yet."""
    from pycognito.aws_srp import AWSSRP

    service = session.client("cognito-idp", endpoint_url=endpoint)
    srp = AWSSRP(username, password, pool, client, client=service)
    asked = srp.get_auth_params()
    challenge = service.initiate_auth(AuthFlow="USER_SRP_AUTH", AuthParameters=asked, ClientId=client)
    return srp.process_challenge(challenge["ChallengeParameters"], asked)


def table_item(typed, plain, read):
    """What boto3 sends of an item that it gets as `typed`. `plain` must say the same, and `read`, typed
    too, what `plain` says."""
    model = session._session.get_service_model("dynamodb")
    protocol = model.metadata["protocol"]

    def got(text):
        answer = {"status_code": 200, "headers": {}, "body": f'{{"Item":{text}}}'.encode()}
        item = create_parser(protocol).parse(answer, model.operation_model("GetItem").output_shape)["Item"]
        return {name: TypeDeserializer().deserialize(value) for name, value in item.items()}

    item, values = got(typed), json.loads(plain, parse_int=Decimal, parse_float=Decimal)
    if not says(values, item):
        raise ValueError(f"{plain} is not {item}")
    if not says(values, got(read)):
        raise ValueError(f"{plain} is not {read}")
    item = {name: TypeSerializer().serialize(value) for name, value in item.items()}
    put = model.operation_model("PutItem")
    sent = create_serializer(protocol).serialize_to_request({"TableName": "any", "Item": item}, put)
    return json.loads(sent["body"])["Item"]


def says(plain, value):
    """Whether plain JSON says a value: binary data in base64, and a set as a list in any order."""
    if isinstance(value, dict):
        return plain.keys() == value.keys() and all(says(plain[name], value[name]) for name in value)
    if isinstance(value, list):
        return len(plain) == len(value) and all(map(says, plain, value))
    if isinstance(value, set):
        value = sorted(base64_of(one) for one in value)
        plain = sorted(plain)
    value = base64_of(value)
    return type(plain) is type(value) and plain == value


def base64_of(value):
    return base64.b64encode(value.value).decode() if isinstance(value, Binary) else value


def form(service, operation, arguments):
    """The parameters that botocore would send in a form."""
    model = session._session.get_service_model(service)
    serializer = create_serializer(model.metadata["protocol"])
    body = serializer.serialize_to_request(arguments, model.operation_model(operation))["body"]
    return {name: str(value) for name, value in body.items()}


def signature(service, region, secret, token, url, headers, body):
    """The signature that botocore puts on a request of these headers."""
    request = AWSRequest("POST", url, headers, body.encode())
    request.context["timestamp"] = request.headers["x-amz-date"]
    datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
    key = request.headers["authorization"].split("Credential=")[1].split("/")[0]
    del request.headers["authorization"]
    signer = SigV4Auth(Credentials(key, secret, token), service, region)
    return signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)


def plain(value):
    """Binary data as aws-cli prints it."""
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


def claims(token, keys):
    """What a JWT says, if one of the keys has signed it and it has not expired."""
    from joserfc import jwt
    from joserfc.jwk import KeySet

    read = jwt.decode(token, KeySet.import_key_set(keys), algorithms=["RS256"])
    jwt.JWTClaimsRegistry().validate(read.claims)
    return read.claims


def signed(claims, header):
    """A token of these claims by a key of its own, and the set with that key."""
    from joserfc import jwt
    from joserfc.jwk import KeySet, RSAKey

    if "key" not in clients:
        clients["key"] = RSAKey.generate_key(2048, {"kid": "test", "use": "sig"})
    token = jwt.encode(header, claims, clients["key"], algorithms=[header["alg"]])
    return {"token": token, "keys": KeySet([clients["key"]]).as_dict(private=False)}


def hcl(text):
    """What a file of Terraform's says."""
    import hcl2

    return hcl2.loads(text)


for line in sys.stdin:
    task = json.loads(line)
    try:
        answer = {"result": globals()[task.pop("task")](**task)}
    except Exception as error:
        answer = {"error": repr(error)}
    print(json.dumps(answer, default=plain), flush=True)

"""Attacks on the commands that write to Cognito or EC2, and on those that start, stop and copy the local stack."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import boto3
from attack import COGNITO, EC2, attack, someone
from planted import secret
from world import StackWorld, demand


@attack("cognito create-user", COGNITO)
def create_user(w):
    handle, password = w.name, secret("the user's password")
    words = ("cognito", "create-user", handle, "--email", f"{handle}@example.com", "--password-stdin")
    done = yield w.command(*words), password
    if not done and handle not in w.subs():
        w.cruddur(*words, stdin=password)
    elif not done and not w.signs_in(f"{handle}@example.com", password):
        w.cruddur("cognito", "set-password", handle, "--password-stdin", stdin=password)
    demand(w.signs_in(f"{handle}@example.com", password), "the user can sign in")


@attack("cognito set-password", COGNITO)
def set_password(w):
    handle, password = someone(w), secret("the user's new password")
    words = ("cognito", "set-password", handle, "--password-stdin")
    done = yield w.command(*words), password
    passwords = ["Cruddur-local-1", password]
    demand(sum(w.signs_in(f"{handle}@example.com", one) for one in passwords) == 1, "the old or the new password")
    if not done:
        w.cruddur(*words, stdin=password)
    demand(w.signs_in(f"{handle}@example.com", password), "the new password")


@attack("cognito delete-user", COGNITO)
def delete_user(w):
    handle = someone(w)
    done = yield w.command("cognito", "delete-user", handle)
    if not done and handle in w.subs():
        w.cruddur("cognito", "delete-user", handle)
    demand(handle not in w.subs(), "the user is gone")


MOTO = Path(__file__).parents[1] / "emulators" / "moto_server.py"
# moto fails to list rules while it adds one.
ALONE = threading.Lock()


def start_moto():
    """For EC2, which the stack does not have. It ends with its stdin; returns that."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen([sys.executable, MOTO], **pipes, text=True)
    port = server.stdout.readline().strip()
    demand(port, "moto has not started")
    os.environ["AWS_ENDPOINT_URL_EC2"] = f"http://127.0.0.1:{port}"
    return server.stdin


@attack("rds update-sg-rule", EC2)
def update_rule(w):
    ec2 = boto3.client("ec2", endpoint_url=os.environ["AWS_ENDPOINT_URL_EC2"])

    def address():
        rules = ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule])["SecurityGroupRules"]
        return [(one["CidrIpv4"], one["Description"]) for one in rules]

    with ALONE:
        group = ec2.create_security_group(GroupName=w.name, Description="the database's")["GroupId"]
        old = {"CidrIp": "9.9.9.9/32", "Description": "GITPOD"}
        allowed = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "IpRanges": [old]}
        made = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[allowed])
        rule = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        ids = ("--group-id", group, "--security-group-rule-id", rule)
        words = ("rds", "update-sg-rule", *ids, "--ip", "1.1.1.1")
        done = yield w.command(*words)
        before, after = [("9.9.9.9/32", "GITPOD")], [("1.1.1.1/32", "GITPOD")]
        demand(address() in (before, after), "the old address or the new one")
        if not done:
            w.cruddur(*words)
        demand(address() == after, "the new address")


def everywhere(word):
    """What all three stores hold after only `word` was written."""
    return ([word],) * 3


@attack("local up", world=StackWorld)
def up(w):
    done = yield w.command("local", "up", "--detach")
    if not done:
        w.up()
    w.write("here")
    demand(w.read() == everywhere("here"), "all three stores work")


@attack("local env", world=StackWorld, writes=False)
def env(w):
    w.up()
    yield w.command("local", "env")


@attack("local down", world=StackWorld)
def down(w):
    w.up()
    w.write("here")
    done = yield w.command("local", "down")
    if not done:
        w.cruddur("local", "down")
    w.up()
    demand(w.read() == everywhere("here"), "the data of all three stores")


@attack("local snapshot", world=StackWorld)
def snapshot(w):
    w.up()
    w.write("before")
    done = yield w.command("local", "snapshot", "kept")
    demand(w.read() == everywhere("before"), "the stack goes on")
    if not done and "kept" not in w.cruddur("local", "snapshots").stdout:
        w.cruddur("local", "snapshot", "kept")
    w.write("after")
    w.cruddur("local", "restore", "kept")
    demand(w.read() == everywhere("before"), f"what was kept, and not {w.read()}")


@attack("local restore", world=StackWorld)
def restore(w):
    w.up()
    w.write("before")
    w.cruddur("local", "snapshot", "kept")
    w.write("after")
    done = yield w.command("local", "restore", "kept")
    if not done:
        w.up()
    whole = [everywhere("before"), everywhere("after")]
    demand(w.read() in whole[:1] if done else w.read() in whole, f"the old data or the new, and not {w.read()}")
    w.cruddur("local", "restore", "kept")
    demand(w.read() == whole[0], f"what was kept, and not {w.read()}")

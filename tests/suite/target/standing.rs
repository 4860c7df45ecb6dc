//! What a target is, by signs that cannot all be had here: public addresses, AWS's names.

use std::net::IpAddr;

use cruddur::config::{Host, Identity, Reach, Signs};

fn host(text: &str) -> Host {
    let (name, port) = text.rsplit_once(':').unwrap();
    Host::new(name, port.parse().unwrap())
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn a_name_or_an_address_is_here_near_or_far() {
    use Reach::{Far, Here, Near};
    for (name, reach) in [
        ("localhost", Here),
        ("LocalHost.", Here),
        ("nina.localhost", Here),
        ("127.0.0.1", Here),
        ("127.8.9.10", Here),
        ("::1", Here),
        ("[::1]", Here),
        ("::ffff:127.0.0.1", Here),
        ("0.0.0.0", Here),
        ("/var/run/postgresql", Here),
        ("db", Near),
        ("dynamodb-local", Near),
        ("host.docker.internal", Near),
        ("host.containers.internal", Near),
        ("postgres.project.orb.local", Near),
        ("db.svc.cluster.local", Near),
        ("nas.lan", Near),
        ("db.test", Near),
        ("printer.home.arpa", Near),
        ("10.1.2.3", Near),
        ("172.17.0.2", Near),
        ("172.31.255.1", Near),
        ("192.168.1.20", Near),
        ("169.254.3.4", Near),
        ("198.19.249.3", Near),
        ("fd00::5", Near),
        ("fe80::1%eth0", Near),
        ("::ffff:10.0.0.1", Near),
        ("172.32.0.1", Far),
        ("100.101.102.103", Far),
        ("203.0.113.7", Far),
        ("::ffff:203.0.113.7", Far),
        ("2001:db8::7", Far),
        ("db.example.com", Far),
        ("db.internal.example.com", Far),
        ("localhost.example.com", Far),
        ("mylocal", Near),
        ("db.mylocal", Far),
    ] {
        assert_eq!(Host::new(name, 5432).reach(), reach, "{name}");
    }
    // What a name is looked up as says more than the name.
    for (name, addresses, reach) in [
        ("db.example.com", &["127.0.0.1"][..], Here),
        ("db.example.com", &["127.0.0.1", "203.0.113.7"], Far),
        ("db.example.com", &["10.0.0.7"], Far),
        ("db", &["10.0.0.7"], Near),
        ("db", &["203.0.113.7"], Far),
        ("db.local", &["127.0.0.1"], Here),
        ("host.docker.internal", &["192.168.65.254"], Near),
    ] {
        let host = Host::new(name, 5432).at(addresses.iter().map(|text| address(text)));
        assert_eq!(host.reach(), reach, "{name} at {addresses:?}");
    }
}

#[test]
fn a_host_name_of_aws_is_production() {
    for name in [
        "cruddur.c1a2b3.us-east-1.rds.amazonaws.com",
        "CRUDDUR.C1A2B3.US-EAST-1.RDS.AMAZONAWS.COM.",
        "cruddur.cluster-ro-c1a2b3.eu-west-1.rds.amazonaws.com",
        "cruddur.proxy-c1a2b3.eu-west-1.rds.amazonaws.com",
        "cruddur.c1a2b3.rds.cn-north-1.amazonaws.com.cn",
        "ec2-203-0-113-7.compute-1.amazonaws.com",
        "ip-10-0-0-7.ec2.internal",
        "ip-10-0-0-7.eu-west-1.compute.internal",
        "dynamodb.us-east-1.amazonaws.com",
        "dynamodb-fips.us-east-1.amazonaws.com",
        "dynamodb.us-east-1.api.aws",
        "123456789012.ddb.us-east-1.amazonaws.com",
        "vpce-0a1b2c-3d4e5f.dynamodb.us-east-1.vpce.amazonaws.com",
        "dynamodb.cn-north-1.amazonaws.com.cn",
        "dynamodb.cn-north-1.api.amazonwebservices.com.cn",
        "dynamodb.eusc-de-east-1.amazonaws.eu",
        "abc123.dsql.us-east-1.on.aws",
    ] {
        // Wherever a tunnel or a line in a hosts file leads it to.
        for host in [Host::new(name, 443), Host::new(name, 443).at([address("127.0.0.1")])] {
            let standing = Signs { hosts: vec![host], ..Signs::default() }.standing();
            assert_eq!(standing.name(), "PROD", "{name}");
            assert_eq!(standing.sign().unwrap().to_string(), "an AWS host name");
        }
    }
    for name in ["amazonaws.com.example.com", "notamazonaws.com", "rds.amazonaws.com.local"] {
        let signs = Signs { hosts: vec![Host::new(name, 443)], ..Signs::default() };
        assert_ne!(signs.standing().name(), "PROD", "{name}");
    }
}

/// The hosts of `CONNECTION_URL`, those of `PROD_CONNECTION_URL`, the server's service, cluster
/// and address, production's cluster; then what it is and why.
type Case<'a> = ([&'a str; 2], [Option<&'a str>; 4], &'a str, &'a str);

#[test]
fn the_first_sign_of_production_decides() {
    let cases: [Case; 23] = [
        (["localhost:5432", ""], [None; 4], "LOCAL", ""),
        (["localhost:5432", "db.example.com:5432"], [None; 4], "LOCAL", ""),
        (["localhost:5432", "db.example.com:5432"], [None, Some("1"), None, Some("2")], "LOCAL", ""),
        (["db:5432", "db.example.com:5432"], [None, Some("1"), Some("172.18.0.3:5432"), None], "LOCAL", ""),
        (["10.0.0.7:5432", "10.0.0.8:5432"], [None; 4], "LOCAL", ""),
        (["10.0.0.7:5432", "10.0.0.7:5433"], [None; 4], "LOCAL", ""),
        // The server in a container, and production on this machine's own port.
        (["localhost:5433", "localhost:5432"], [None, None, Some("127.0.0.1:5432"), None], "LOCAL", ""),
        (["db:5432", "db:5432"], [None; 4], "PROD", "the server of PROD_CONNECTION_URL"),
        (["DB.:5432", "db:5432"], [None; 4], "PROD", "the server of PROD_CONNECTION_URL"),
        (["a:1,db:2", "db:2,c:3"], [None; 4], "PROD", "the server of PROD_CONNECTION_URL"),
        (["/run/pg:5432", "/run/pg:5432"], [None; 4], "PROD", "the server of PROD_CONNECTION_URL"),
        (["localhost:5432", "127.0.0.1:5432"], [None; 4], "PROD", "the address of PROD_CONNECTION_URL"),
        (["[::1]:5432", "localhost:5432"], [None; 4], "PROD", "the address of PROD_CONNECTION_URL"),
        (["::ffff:10.0.0.7:5432", "10.0.0.7:5432"], [None; 4], "PROD", "the server of PROD_CONNECTION_URL"),
        (
            ["x.us-east-1.rds.amazonaws.com:5432", "x.us-east-1.rds.amazonaws.com:5432"],
            [None; 4],
            "PROD",
            "the server of PROD_CONNECTION_URL",
        ),
        (["localhost:5432", ""], [Some("Amazon RDS"), None, None, None], "PROD", "it says it is Amazon RDS"),
        (
            ["localhost:5432", "db.example.com:5432"],
            [None, Some("7"), None, Some("7")],
            "PROD",
            "the cluster of PROD_CONNECTION_URL",
        ),
        (
            ["localhost:6543", "10.0.0.7:5432"],
            [None, None, Some("10.0.0.7:5432"), None],
            "PROD",
            "the address of PROD_CONNECTION_URL",
        ),
        (
            ["localhost:6543", ""],
            [None, None, Some("203.0.113.7:5432"), None],
            "REMOTE",
            "not on this machine",
        ),
        (["db.example.com:5432", ""], [None; 4], "REMOTE", "not on this machine"),
        (["db.example.com:5432", "db.example.com:5433"], [None; 4], "REMOTE", "not on this machine"),
        (["localhost:5432,203.0.113.7:5432", ""], [None; 4], "REMOTE", "not on this machine"),
        (["203.0.113.7:5432", "203.0.113.7:5432"], [None; 4], "PROD", "the server of PROD_CONNECTION_URL"),
    ];
    for (hosts, says, name, why) in cases {
        let [hosts, production] =
            hosts.map(|list| list.split(',').filter(|text| !text.is_empty()).map(host).collect::<Vec<_>>());
        let [service, cluster, own, production_cluster] = says.map(|text| text.map(str::to_owned));
        let own = own.as_deref().map(host).map(|host| (host.addresses[0], host.port));
        let identity = Identity { service, cluster, address: own };
        let signs = Signs {
            hosts: hosts.clone(),
            production,
            identity: Some(identity),
            production_cluster,
            ..Signs::default()
        };
        let standing = signs.standing();
        assert_eq!(standing.name(), name, "{hosts:?} {says:?}");
        assert_eq!(standing.sign().map(ToString::to_string).unwrap_or_default(), why, "{hosts:?}");
        // The flag is a sign among others, and enough.
        assert_eq!(Signs { flag: true, ..signs }.standing().name(), "PROD");
    }
}

//! `--prod`: verified in full unless the URL says otherwise.

use std::process::Command;

use super::{is_encrypted, probe, refused};
use crate::support::{Certificate, Run, Sandbox, TlsServer, tls_server};

fn on_prod(sandbox: &Sandbox, server: &TlsServer, parameters: &str) -> Command {
    let mut command = probe(sandbox);
    command.arg("--prod").env("PROD_CONNECTION_URL", server.url("localhost", parameters));
    command
}

#[test]
fn an_unknown_ca_is_named_with_the_way_to_get_rdss() {
    let sandbox = Sandbox::new();
    let server = tls_server(Certificate::Good);
    refused(&server, &mut on_prod(&sandbox, &server, ""))
        .says("the CA that signed it is not in the system's CA certificates")
        .says("Hint: no CA file is named: add sslrootcert=FILE to PROD_CONNECTION_URL, or put the file at ")
        .says("curl -fo rds-ca.pem https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem\n")
        .says("add sslrootcert=PATH/rds-ca.pem to PROD_CONNECTION_URL");
    let ca = server.ca().display().to_string();
    assert!(is_encrypted(&server, &mut on_prod(&sandbox, &server, &format!("sslrootcert={ca}"))));
    assert!(is_encrypted(&server, on_prod(&sandbox, &server, "").env("PGSSLROOTCERT", &ca)));
}

#[test]
fn the_hosts_name_is_compared() {
    let sandbox = Sandbox::new();
    let server = tls_server(Certificate::OtherNames);
    let root = format!("sslrootcert={}", server.ca().display());
    refused(&server, &mut on_prod(&sandbox, &server, &root)).says("not for localhost");
    // Through a tunnel.
    let mut command = probe(&sandbox);
    let url = server.url("other.example.com", &format!("hostaddr=127.0.0.1&{root}"));
    assert!(is_encrypted(&server, command.arg("--prod").env("PROD_CONNECTION_URL", url)));
}

#[test]
fn only_the_url_says_otherwise() {
    let sandbox = Sandbox::new();
    let server = tls_server(Certificate::Good);
    for (parameters, encrypted) in
        [("sslmode=disable", false), ("sslmode=prefer", true), ("sslmode=require", true)]
    {
        let seen = is_encrypted(&server, &mut on_prod(&sandbox, &server, parameters));
        assert_eq!(seen, encrypted, "{parameters}");
    }
    for mode in ["disable", "allow", "prefer", "require", "verify-ca", "nonsense"] {
        refused(&server, on_prod(&sandbox, &server, "").env("PGSSLMODE", mode))
            .says("Warning: ignored with --prod: PGSSLMODE; only PROD_CONNECTION_URL says")
            .says("not in the system's CA certificates");
        sandbox.write("left.env", format!("PGSSLMODE={mode}\n"));
        refused(&server, on_prod(&sandbox, &server, "").args(["--env-file", "left.env"]))
            .says("Warning: ignored with --prod: PGSSLMODE;");
    }
    let run = refused(&server, on_prod(&sandbox, &server, "").env("PGSSLMODE", "verify-full"));
    assert!(!run.stderr.contains("PGSSLMODE"), "{}", run.stderr);
    let run = Run::of(on_prod(&sandbox, &server, "sslmode=require").env("PGSSLMODE", "disable")).succeeds();
    assert!(!run.stderr.contains("PGSSLMODE"), "{}", run.stderr);
}

#[test]
fn a_server_without_tls_gets_no_password() {
    let sandbox = Sandbox::new();
    sandbox.cruddur(["db", "create"]).succeeds();
    // On this machine, too: what listens there may be the end of a tunnel.
    Run::of(
        probe(&sandbox)
            .arg("--prod")
            .env("PROD_CONNECTION_URL", sandbox.connection_url())
            .env("PGSSLMODE", "disable"),
    )
    .exits_with(4)
    .says("offers no TLS, but sslmode=verify-full, the default here, requires it")
    .says("add sslmode=disable to PROD_CONNECTION_URL, but only where");
    assert_eq!(sandbox.sql("SELECT 1 FROM pg_tables WHERE tablename = 'seen'"), [[""; 0]; 0]);
}

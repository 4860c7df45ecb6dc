//! `sslrootcert`, and certificates that are wrong.

use super::{is_encrypted, probe, refused};
use crate::support::{Certificate, Sandbox, tls_server};

#[test]
fn a_certificate_for_another_host_is_refused_by_name() {
    let sandbox = Sandbox::new();
    let server = tls_server(Certificate::OtherNames);
    let with = |host: &str, parameters: &str| {
        let mut command = probe(&sandbox);
        let url = server.url(host, &format!("sslrootcert={}&{parameters}", server.ca().display()));
        command.env("CONNECTION_URL", url);
        command
    };
    for host in ["localhost", "127.0.0.1"] {
        refused(&server, &mut with(host, "sslmode=verify-full"))
            .says(&format!("the certificate of PostgreSQL at {host}:"))
            .says(&format!(" is for other.example.com, *.pool.example.com, not for {host}\n"))
            .says("Hint: name the host in CONNECTION_URL as the certificate does; through a tunnel add hostaddr=127.0.0.1");
        for mode in ["verify-ca", "require"] {
            assert!(is_encrypted(&server, &mut with(host, &format!("sslmode={mode}"))));
        }
    }
    // As the hint has it, by each of the names.
    for host in ["other.example.com", "OTHER.example.com", "other.example.com.", "a.pool.example.com"] {
        let mut command = with(host, "sslmode=verify-full&hostaddr=127.0.0.1");
        assert!(is_encrypted(&server, &mut command), "{host}");
    }
    // The asterisk stands for one label.
    for host in ["pool.example.com", "a.b.pool.example.com"] {
        refused(&server, &mut with(host, "sslmode=verify-full&hostaddr=127.0.0.1"))
            .says(&format!("not for {host}"));
    }
}

#[test]
fn an_address_is_verified_too_and_an_address_alone_is_no_name() {
    let sandbox = Sandbox::new();
    let server = tls_server(Certificate::Good);
    let root = format!("sslmode=verify-full&sslrootcert={}", server.ca().display());
    let mut command = probe(&sandbox);
    assert!(is_encrypted(&server, command.env("CONNECTION_URL", server.url("127.0.0.1", &root))));
    let url = server.url("", &format!("{root}&hostaddr=127.0.0.1"));
    refused(&server, probe(&sandbox).env("CONNECTION_URL", &url))
        .says("it names only the address 127.0.0.1, but verify-full checks the host name");
    // Which is no matter where the name is none.
    for mode in ["verify-ca", "require"] {
        let url = url.replace("verify-full", mode);
        assert!(is_encrypted(&server, probe(&sandbox).env("CONNECTION_URL", url)));
    }
}

#[test]
fn a_certificate_of_an_unknown_ca_names_the_file_that_lacks_it() {
    let sandbox = Sandbox::new();
    let server = tls_server(Certificate::Good);
    let other = server.other_ca().display().to_string();
    // libpq, too, verifies with require once there is a CA file.
    for mode in ["require", "verify-ca", "verify-full"] {
        let url = server.url("localhost", &format!("sslmode={mode}&sslrootcert={other}"));
        refused(&server, probe(&sandbox).env("CONNECTION_URL", url))
            .says(&format!("cannot be verified: the CA that signed it is not in {other}\n"))
            .says("Hint: that file must contain the CA's own certificate\n");
    }
    let url = server.url("localhost", &format!("sslmode=prefer&sslrootcert={other}"));
    assert!(is_encrypted(&server, probe(&sandbox).env("CONNECTION_URL", url)), "prefer promises nothing");
}

#[test]
fn without_a_file_the_usual_place_counts_and_then_the_systems_cas() {
    let sandbox = Sandbox::new();
    let server = tls_server(Certificate::Good);
    let with = |mode: &str| {
        let mut command = probe(&sandbox);
        command.env("CONNECTION_URL", server.url("localhost", &format!("sslmode={mode}")));
        command
    };
    let usual = sandbox.path().join(".postgresql/root.crt");
    for mode in ["verify-ca", "verify-full"] {
        refused(&server, &mut with(mode))
            .says("the CA that signed it is not in the system's CA certificates\n")
            .says(&format!("add sslrootcert=FILE to CONNECTION_URL, or put the file at {}", usual.display()));
        // What OpenSSL takes for the system's.
        assert!(is_encrypted(&server, with(mode).env("SSL_CERT_FILE", server.ca())));
    }
    assert!(is_encrypted(&server, &mut with("require")), "without a CA, require believes anybody");
    std::fs::create_dir(usual.parent().unwrap()).unwrap();
    std::fs::copy(server.other_ca(), &usual).unwrap();
    for mode in ["require", "verify-ca", "verify-full"] {
        refused(&server, &mut with(mode)).says(&format!("is not in {}", usual.display()));
    }
    std::fs::copy(server.ca(), &usual).unwrap();
    for mode in ["require", "verify-ca", "verify-full"] {
        assert!(is_encrypted(&server, &mut with(mode)), "{mode}");
    }
    // The word for the system's goes before the usual place, and verifies in full.
    for (parameters, says) in [
        ("sslrootcert=system", "is not in the system's CA certificates"),
        ("sslrootcert=system&sslmode=verify-full", "is not in the system's CA certificates"),
        (
            "sslrootcert=system&sslmode=verify-ca",
            "sslrootcert=system requires sslmode=verify-full, not verify-ca",
        ),
        (
            "sslrootcert=system&sslmode=disable",
            "sslrootcert=system requires sslmode=verify-full, not disable",
        ),
    ] {
        let url = server.url("localhost", parameters);
        refused(&server, probe(&sandbox).env("CONNECTION_URL", url)).says(says);
    }
}

#[test]
fn a_certificate_out_of_its_time_says_when_it_was_valid() {
    let sandbox = Sandbox::new();
    for (certificate, says) in [
        (Certificate::Expired, "has expired: it was valid until 2020-01-02T00:00:00Z"),
        (Certificate::Future, "is not valid before 2100-01-02T00:00:00Z"),
    ] {
        let server = tls_server(certificate);
        for mode in ["verify-ca", "verify-full"] {
            let url =
                server.url("localhost", &format!("sslmode={mode}&sslrootcert={}", server.ca().display()));
            refused(&server, probe(&sandbox).env("CONNECTION_URL", url)).says(says);
        }
        // The server's own certificate in the file lasts no longer.
        let own = server.shown_certificate().display().to_string();
        let url = server.url("localhost", &format!("sslmode=verify-ca&sslrootcert={own}"));
        refused(&server, probe(&sandbox).env("CONNECTION_URL", url)).says(says);
        let url = server.url("localhost", "sslmode=require");
        assert!(is_encrypted(&server, probe(&sandbox).env("CONNECTION_URL", url)));
    }
}

#[test]
fn a_common_name_counts_where_there_are_no_alternative_names() {
    let sandbox = Sandbox::new();
    let server = tls_server(Certificate::CommonName);
    let with = |host: &str| {
        let mut command = probe(&sandbox);
        let root = server.ca().display().to_string();
        let url = server.url(host, &format!("sslmode=verify-full&sslrootcert={root}&hostaddr=127.0.0.1"));
        command.env("CONNECTION_URL", url);
        command
    };
    for host in ["a.pool.example.com", "A.POOL.example.com"] {
        assert!(is_encrypted(&server, &mut with(host)), "{host}");
    }
    for host in ["pool.example.com", "a.b.pool.example.com", "other.example.com", "127.0.0.1"] {
        let says = format!("is for *.pool.example.com, not for {host}\n");
        refused(&server, &mut with(host)).says(&says);
    }
    let server = {
        drop(server);
        tls_server(Certificate::OtherNames)
    };
    let root = server.ca().display().to_string();
    let url = server.url("a", &format!("sslmode=verify-full&sslrootcert={root}&hostaddr=127.0.0.1"));
    let run = refused(&server, probe(&sandbox).env("CONNECTION_URL", url));
    assert!(
        !run.stderr.contains("a server of the tests"),
        "the common name is none beside others: {}",
        run.stderr
    );
}

#[test]
fn a_certificate_that_nobody_else_has_signed_is_good_for_who_has_it() {
    let sandbox = Sandbox::new();
    let server = tls_server(Certificate::SelfSigned);
    let with = |parameters: &str| {
        let mut command = probe(&sandbox);
        command.env("CONNECTION_URL", server.url("localhost", parameters));
        command
    };
    let own = server.shown_certificate().display().to_string();
    for mode in ["require", "verify-ca", "verify-full"] {
        assert!(is_encrypted(&server, &mut with(&format!("sslmode={mode}&sslrootcert={own}"))), "{mode}");
        let other = server.ca().display().to_string();
        refused(&server, &mut with(&format!("sslmode={mode}&sslrootcert={other}")))
            .says(&format!("the CA that signed it is not in {other}\n"));
    }
    refused(&server, &mut with("sslmode=verify-full"))
        .says("the CA that signed it is not in the system's CA certificates\n")
        .says("for Amazon RDS run: curl ");
    let url = server.url("127.0.0.2", &format!("sslmode=verify-full&sslrootcert={own}&hostaddr=127.0.0.1"));
    refused(&server, probe(&sandbox).env("CONNECTION_URL", url)).says("not for 127.0.0.2\n");
    assert!(is_encrypted(&server, &mut with("sslmode=require")));
}

#[test]
fn a_ca_file_that_is_none_is_named_before_anybody_is_called() {
    let sandbox = Sandbox::new();
    sandbox.write("empty.crt", "");
    sandbox.write("words.crt", "this is no certificate\n");
    sandbox.write("cut.crt", "-----BEGIN CERTIFICATE-----\nMIIB\n");
    sandbox.write("odd.crt", "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n");
    sandbox.write("no.crt", "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n");
    std::fs::create_dir(sandbox.path().join("folder")).unwrap();
    for (file, says) in [
        ("missing.crt", "cannot read the CA file missing.crt that sslrootcert names"),
        ("folder", "cannot read the CA file folder that sslrootcert names"),
        ("empty.crt", "the CA file empty.crt contains no certificate"),
        ("words.crt", "the CA file words.crt contains no certificate"),
        ("no.crt", "the CA file no.crt contains no certificate"),
        ("cut.crt", "the CA file cut.crt is damaged"),
        ("odd.crt", "the CA file odd.crt is damaged"),
    ] {
        // Nobody listens there.
        let url = format!("postgresql://nina:x@127.0.0.1:1/cruddur?sslmode=verify-full&sslrootcert={file}");
        crate::support::Run::of(probe(&sandbox).env("CONNECTION_URL", url)).exits_with(4).says(says);
    }
}

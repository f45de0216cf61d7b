//! Installs what the tests need beside Rust: a browser, third-party clients from npm and `PyPI`.
//!
//! Packages go to a directory outside the clone and are installed again only when their manifest
//! changed. Debian packages are installed only by root on a Debian system; anywhere else the error
//! says what to install. Nothing is skipped.

use crate::repo::Repo;
use anyhow::{Context as _, Result, bail, ensure};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Installed tools, and how tests find them.
pub(crate) struct Tools {
    chromium: PathBuf,
    node_modules: PathBuf,
    python: PathBuf,
    simplesamlphp: PathBuf,
}

impl Tools {
    /// Makes sure that everything is there.
    pub(crate) fn install(repo: &Repo) -> Result<Self> {
        let dir = repo.tools_dir();
        std::fs::create_dir_all(&dir).with_context(|| format!("creating {}", dir.display()))?;
        Ok(Self {
            chromium: program("chromium", "chromium")?,
            node_modules: node_modules(repo, &dir)?,
            python: python(repo, &dir)?,
            simplesamlphp: simplesamlphp(&dir)?,
        })
    }

    /// The environment through which tests find the tools.
    pub(crate) fn environment(&self) -> Vec<(&'static str, OsString)> {
        vec![
            ("USHER_TEST_CHROMIUM", self.chromium.clone().into()),
            ("USHER_TEST_NODE_MODULES", self.node_modules.clone().into()),
            ("USHER_TEST_PYTHON", self.python.clone().into()),
            ("USHER_TEST_SIMPLESAMLPHP", self.simplesamlphp.clone().into()),
        ]
    }
}

/// Installs the tools and prints a shell's `export` lines.
pub(crate) fn print(repo: &Repo) -> Result<ExitCode> {
    for (name, path) in Tools::install(repo)?.environment() {
        println!("export {name}='{}'", path.to_string_lossy());
    }
    Ok(ExitCode::SUCCESS)
}

/// Finds a program on the path, installing the Debian package that has it when possible.
pub(crate) fn program(name: &str, debian_package: &str) -> Result<PathBuf> {
    if let Some(path) = on_path(name) {
        return Ok(path);
    }
    apt_install(name, debian_package)?;
    on_path(name).with_context(|| format!("`{debian_package}` is installed but has no `{name}`"))
}

fn on_path(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|dir| dir.join(name))
        .find(|candidate| candidate.is_file())
}

fn apt_install(name: &str, package: &str) -> Result<()> {
    ensure!(
        is_root() && on_path("apt-get").is_some(),
        "`{name}` is missing and can only be installed automatically by root on Debian: install \
         the package `{package}` (or its like on your system) so that `{name}` is on the PATH"
    );
    eprintln!("installing the Debian package {package}");
    quiet(Command::new("apt-get").args(["update", "-qq"]))?;
    quiet(
        Command::new("apt-get")
            .args(["install", "-y", "-qq", "--no-install-recommends", package])
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// The `node_modules` directory with what tests/node/package.json asks for.
fn node_modules(repo: &Repo, dir: &Path) -> Result<PathBuf> {
    let home = dir.join("node");
    program("node", "nodejs")?;
    let npm = program("npm", "npm")?;
    when_changed(repo, "tests/node/package.json", &home, |manifest| {
        std::fs::copy(manifest, home.join("package.json")).context("copying package.json")?;
        eprintln!("installing the packages of tests/node/package.json");
        quiet(
            Command::new(&npm)
                .args([
                    "install",
                    "--no-audit",
                    "--no-fund",
                    "--no-package-lock",
                    "--ignore-scripts",
                ])
                .args(["--loglevel", "error"])
                .current_dir(&home),
        )
    })?;
    Ok(home.join("node_modules"))
}

/// The Python interpreter of a virtual environment with what tests/python/requirements.txt asks for.
fn python(repo: &Repo, dir: &Path) -> Result<PathBuf> {
    let home = dir.join("python");
    let interpreter = home.join("bin/python3");
    let system = program("python3", "python3")?;
    when_changed(repo, "tests/python/requirements.txt", &home, |manifest| {
        eprintln!("installing the packages of tests/python/requirements.txt");
        let mut venv = Command::new(&system);
        venv.args(["-m", "venv", "--clear"]).arg(&home);
        if quiet(&mut venv).is_err() {
            apt_install("python3 -m venv", "python3-venv")?;
            quiet(&mut venv)?;
        }
        let mut pip = Command::new(&interpreter);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        quiet(pip.arg("--requirement").arg(manifest))
    })?;
    Ok(interpreter)
}

/// The unpacked Debian package of `SimpleSAMLphp`. Installed, it would bring a web server along; the
/// tests run it with PHP's own.
fn simplesamlphp(dir: &Path) -> Result<PathBuf> {
    let home = dir.join("simplesamlphp");
    program("xmlsec1", "xmlsec1")?;
    program("php", "php-cli")?;
    for (extension, package) in
        [("dom", "php-xml"), ("mbstring", "php-mbstring"), ("curl", "php-curl")]
    {
        php_extension(extension, package)?;
    }
    if home.join("usr/share/simplesamlphp").is_dir() {
        return Ok(home);
    }
    eprintln!("unpacking the Debian package simplesamlphp");
    let unpacked = dir.join("simplesamlphp.new");
    drop(std::fs::remove_dir_all(&unpacked));
    std::fs::create_dir_all(&unpacked)
        .with_context(|| format!("creating {}", unpacked.display()))?;
    let download = |command: &mut Command| {
        quiet(command.args(["download", "-qq", "simplesamlphp"]).current_dir(&unpacked))
    };
    if download(&mut Command::new("apt-get")).is_err() {
        quiet(Command::new("apt-get").args(["update", "-qq"]))?;
        download(&mut Command::new("apt-get"))?;
    }
    let package = std::fs::read_dir(&unpacked)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .context("apt-get downloaded no package")?;
    quiet(Command::new("dpkg-deb").arg("-x").args([&package, &unpacked]))?;
    std::fs::rename(&unpacked, &home).with_context(|| format!("creating {}", home.display()))?;
    Ok(home)
}

/// Makes sure that PHP has an extension.
fn php_extension(name: &str, debian_package: &str) -> Result<()> {
    let is_there = || {
        let code = format!("exit(extension_loaded('{name}') ? 0 : 1);");
        Command::new("php").args(["-r", &code]).status().is_ok_and(|status| status.success())
    };
    if !is_there() {
        apt_install(&format!("the PHP extension {name}"), debian_package)?;
    }
    ensure!(is_there(), "`{debian_package}` is installed but PHP has no `{name}`");
    Ok(())
}

/// Runs `install` unless it succeeded before with the same manifest.
fn when_changed(
    repo: &Repo,
    manifest: &str,
    home: &Path,
    install: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    let wanted = repo.read(manifest)?;
    let stamp = home.join("installed-manifest");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    std::fs::create_dir_all(home).with_context(|| format!("creating {}", home.display()))?;
    install(&repo.root.join(manifest)).with_context(|| format!("installing {manifest}"))?;
    std::fs::write(&stamp, wanted).with_context(|| format!("writing {}", stamp.display()))
}

/// Runs a command and shows its output only when it fails.
pub(crate) fn quiet(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("{name} could not be started"))?;
    if output.status.success() {
        return Ok(());
    }
    bail!(
        "{name} failed ({}):\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

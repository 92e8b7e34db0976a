//! Groups of options: each is a struct in the file of the component that it configures, and declares both flags and
//! keys of a file.

/// Options that configure one component.
pub(crate) trait Group: Sized {
    /// Returns the keys of all options of the group, in the order of their declaration.
    fn keys() -> Vec<&'static str>;

    /// Returns these options, with every option that is not set taken from `other`.
    fn or(&self, other: &Self) -> Self;

    /// Sets every option to a valid value, to show its syntax.
    fn example() -> Self;
}

/// Declares a group of options, each with its help text, its flag attributes and an example value.
///
/// A field becomes an `Option`, a key of the configuration file and, with the feature `clap`, a flag under the heading
/// of the group. Its documentation is the help text of both. The example is not the default: defaults are filled in by
/// the `check` of the group, and the help text names them.
macro_rules! options {
    (
        $(#[doc = $about:literal])+
        pub struct $name:ident in $heading:literal {
            $(
                $(#[doc = $help:literal])+
                #[flag($($flag:tt)+)]
                pub $field:ident: $type:ty = $example:expr,
            )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "clap", derive(clap::Args))]
        #[serde(default)]
        pub struct $name {
            $(
                $(#[doc = $help])+
                #[serde(skip_serializing_if = "Option::is_none")]
                #[cfg_attr(
                    feature = "clap",
                    arg(long, allow_negative_numbers = true, help_heading = $heading, $($flag)+)
                )]
                pub $field: Option<$type>,
            )+
        }

        impl $crate::options::Group for $name {
            fn keys() -> Vec<&'static str> {
                vec![$(stringify!($field)),+]
            }

            fn or(&self, other: &Self) -> Self {
                Self { $($field: self.$field.clone().or_else(|| other.$field.clone())),+ }
            }

            fn example() -> Self {
                Self { $($field: Some($example)),+ }
            }
        }
    };
}

/// Parses seeds that a configuration file can hold: TOML integers are smaller than 2^63.
#[cfg(feature = "clap")]
pub(crate) fn seeds() -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(..=i64::MAX as u64)
}

/// Declares the options of a command: its own options and groups, in the order of the help. All of them are on one
/// level of the file and of the command line.
macro_rules! option_groups {
    (
        $(#[doc = $about:literal])+
        pub struct $name:ident {
            $(
                @own
                $(
                    $(#[$own_attribute:meta])+
                    pub $own:ident: Option<$own_type:ty> = $example:expr,
                )*
                @groups
                $(
                    $(#[doc = $help:literal])+
                    pub $group:ident: $type:ty,
                )*
            )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "clap", derive(clap::Args))]
        #[serde(default)]
        pub struct $name {
            $(
                $(
                    $(#[$own_attribute])+
                    #[serde(skip_serializing_if = "Option::is_none")]
                    pub $own: Option<$own_type>,
                )*
                $(
                    $(#[doc = $help])+
                    #[serde(flatten)]
                    #[cfg_attr(feature = "clap", command(flatten))]
                    pub $group: $type,
                )*
            )+
        }

        impl $crate::options::Group for $name {
            fn keys() -> Vec<&'static str> {
                let mut keys = Vec::new();
                $(
                    $(keys.push(stringify!($own));)*
                    $(keys.extend(<$type as $crate::options::Group>::keys());)*
                )+
                keys
            }

            fn or(&self, other: &Self) -> Self {
                Self {
                    $(
                        $($own: self.$own.clone().or_else(|| other.$own.clone()),)*
                        $($group: $crate::options::Group::or(&self.$group, &other.$group),)*
                    )+
                }
            }

            fn example() -> Self {
                Self {
                    $(
                        $($own: Some($example),)*
                        $($group: $crate::options::Group::example(),)*
                    )+
                }
            }
        }
    };
}

/// Declares the groups of options that a component takes: a struct of references to them, which its check reads, and
/// the list of their keys. Structs declared by another `takes!` follow after a semicolon.
macro_rules! takes {
    (
        $(#[doc = $about:literal])+
        $vis:vis struct $name:ident {
            $($group:ident: $type:ty),+ $(,)?
            $(; $($view:ident: $viewed:ident),+ $(,)?)?
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, Copy)]
        $vis struct $name<'a> {
            $($vis $group: &'a $type,)+
            $($($vis $view: $viewed<'a>,)+)?
        }

        impl $name<'_> {
            /// Returns the keys of all options in these groups.
            $vis fn keys() -> Vec<&'static str> {
                [
                    $(<$type as $crate::options::Group>::keys(),)+
                    $($($viewed::keys(),)+)?
                ]
                .concat()
            }
        }
    };
}

pub(crate) use option_groups;
pub(crate) use options;
pub(crate) use takes;
